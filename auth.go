// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"errors"
	"log"
	"net/netip"
)

// CURVE_ALLOW_ANY stands for every client's key in [AuthCurveAdd] and
// [Authenticator.AddKeys].
const CURVE_ALLOW_ANY = "*"

// auth is what the package's functions work on.
var auth = newAuthenticator()

// AuthStart starts to authenticate the clients of server sockets, see
// [Socket.ServerAuthNull], [Socket.ServerAuthPlain] and
// [Socket.ServerAuthCurve].
//
// Until a policy is added, all NULL clients are let in and all others are
// refused. The policy can be changed at any time, also before AuthStart. A
// change applies to clients that connect after it. A client that sends a
// malformed request, or uses an unknown mechanism, is refused.
//
// Kerberos has already authenticated a GSSAPI client, so the address lists
// decide. If no list applies, the client is refused. libzmq up to 4.3.5
// ignores that refusal and lets the client in.
//
// AuthStart covers the default context. It also covers every other context
// from the moment that one of its sockets gets a ZAP domain or a server role,
// before or after AuthStart. It uses one socket of each context.
//
// It returns an error if authentication runs already, and changes nothing
// then. It returns [EADDRINUSE] if the program has bound
// inproc://zeromq.zap.01 in the default context. Another context where the
// program has bound that endpoint is left to the program; until [AuthStop],
// binding it later returns EADDRINUSE. A context that has an [Authenticator]
// is left to the Authenticator.
func AuthStart() (err error) {
	ctx, err := defaultContext()
	if err != nil {
		return err
	}
	if err := zap.start(ctx.c); err != nil {
		return err
	}
	auth.logf("started")
	return nil
}

// AuthStop stops the authentication that [AuthStart] started, if it runs. It
// does not wait for the metadata handler. AuthStart may be called again at
// once, and keeps the policy: users, keys and addresses.
//
// While no authentication runs, libzmq decides about new clients: it refuses
// PLAIN, and lets in NULL and, with any key, CURVE.
func AuthStop() {
	if zap.stop() {
		auth.logf("stopped")
	}
}

// parseNetwork reads an IP address, or a network in CIDR notation. What is
// IPv4 mapped to IPv6 is IPv4.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, errors.New("an address with a zone")
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, errors.New("neither an IP address nor a network in CIDR notation")
	}
	return plainNetwork(network), nil
}

// updateAddresses is [Authenticator.updateNetworks] for addresses as text. Those that are not
// valid are logged, and left out.
func updateAddresses(domain string, addresses []string, change func(*authPolicy, []netip.Prefix)) {
	if _, err := parseNetwork(domain); err == nil {
		domain, addresses = "*", append([]string{domain}, addresses...)
	}
	if len(addresses) == 0 {
		return
	}
	var networks []netip.Prefix
	for _, s := range addresses {
		network, err := parseNetwork(s)
		if err != nil {
			log.Printf("AUTH: address %q of domain %q is ignored: %v", s, domain, err)
			continue
		}
		networks = append(networks, network)
	}
	both := false
	auth.update(domain, func(p *authPolicy) {
		change(p, networks) // also without any: it makes a list
		both = p.allow != nil && p.deny != nil
	})
	if both {
		log.Printf("AUTH: domain %q has a list of allowed addresses: that of denied ones is ignored", domain)
	}
}

// AuthAllow adds addresses to the allow list of a domain: IP addresses, or
// networks in CIDR notation such as "192.168.0.0/16". The domain "*" stands
// for all domains.
//
// From then on clients from any other address are refused, and so are clients
// that do not connect over IP. Clients on the list still have to authenticate
// if the mechanism requires it. An invalid address is logged and ignored, but
// it does create the list: if it is the only one, everybody is refused. A
// call without addresses does nothing.
//
// IPv4 and IPv6 are separate: "::/0" contains no IPv4 address. An IPv4 client
// of an IPv6 socket (::ffff:192.0.2.1) is checked by its IPv4 address.
//
// If the domain itself is an address or a network, it is treated as another
// address, and all of them apply to all domains.
func AuthAllow(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).allowNetworks)
}

// AuthAllowRemove removes addresses, written as they were given to
// [AuthAllow], from the allow list of a domain. A list that becomes empty
// refuses everybody.
func AuthAllowRemove(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).forgetAllowed)
}

// AuthAllowRemoveAll removes the allow list of a domain, so that clients are
// no longer refused for not being on it.
func AuthAllowRemoveAll(domain string) {
	auth.ClearAllowed(domain)
}

// AuthDeny adds addresses to the deny list of a domain. Clients from these
// addresses are refused without authentication. Addresses and domains are
// written as for [AuthAllow]. An invalid address is logged and ignored.
//
// If the domain also has an allow list, the deny list has no effect.
func AuthDeny(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).denyNetworks)
}

// AuthDenyRemove removes addresses, written as they were given to [AuthDeny],
// from the deny list of a domain.
func AuthDenyRemove(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).forgetDenied)
}

// AuthDenyRemoveAll removes the deny list of a domain.
func AuthDenyRemoveAll(domain string) {
	auth.ClearDenied(domain)
}

// AuthPlainAdd adds a user for the PLAIN clients of a domain, or changes the
// user's password. The domain "*" stands for all domains: its users are let
// in everywhere, in addition to the users of each domain.
func AuthPlainAdd(domain, username, password string) {
	auth.AddUser(domain, username, password)
}

// AuthPlainRemove removes users from a domain. Unknown users are ignored.
func AuthPlainRemove(domain string, usernames ...string) {
	auth.RemoveUsers(domain, usernames...)
}

// AuthPlainRemoveAll removes all users from a domain.
func AuthPlainRemoveAll(domain string) {
	auth.update(domain, func(p *authPolicy) { p.users = nil })
}

// AuthCurveAdd adds public keys, in Z85, of CURVE clients that are let in at
// a domain. The domain "*" stands for all domains, and the key
// [CURVE_ALLOW_ANY] for all keys. An invalid key is logged and ignored.
func AuthCurveAdd(domain string, pubkeys ...string) {
	for _, key := range pubkeys {
		if err := auth.AddKeys(domain, key); err != nil {
			log.Printf("AUTH: a CURVE key of domain %q is ignored: it is not 40 characters of Z85", domain)
		}
	}
}

// AuthCurveRemove removes keys from a domain. Unknown keys are ignored.
func AuthCurveRemove(domain string, pubkeys ...string) {
	auth.RemoveKeys(domain, pubkeys...)
}

// AuthCurveRemoveAll removes all keys from a domain.
func AuthCurveRemoveAll(domain string) {
	auth.update(domain, func(p *authPolicy) { p.keys = nil })
}

// AuthSetVerbose makes the authentication write a line for each client to the
// standard logger, prefixed with "AUTH: ". The default is false. Mistakes in
// the policy, malformed requests and panics of the metadata handler are
// always logged. Passwords never are.
func AuthSetVerbose(verbose bool) {
	auth.verbose.Store(verbose)
}
