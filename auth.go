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
// Until a policy is added, all NULL clients are let in, and all others are
// refused. The policy can be changed at any time, also before AuthStart; a
// change applies to clients that connect from then on. A client that sends
// something malformed, or uses an unknown mechanism, is refused.
//
// For [GSSAPI], where Kerberos has authenticated the client already, the
// address lists decide: without any that apply, it is refused. But libzmq up
// to 4.3.5 lets such a client in even though it was refused.
//
// It covers the default context, and each other context as soon as the ZAP
// domain or the server role of one of its sockets is set, before or after
// AuthStart. It takes one socket of the context.
//
// If authentication runs already, that is an error and changes nothing. It
// returns EADDRINUSE if the program has bound inproc://zeromq.zap.01 in the
// default context. Where it has done so in another context, that is left to it;
// to do so later returns EADDRINUSE until [AuthStop]. A context that has an
// [Authenticator] is left to that.
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

// AuthStop ends what [AuthStart] began, if it runs. It does not wait for the
// metadata handler. AuthStart may follow at once, and finds the policy, with
// its users, keys and addresses, as it was.
//
// From then on libzmq itself decides about new clients: it refuses [PLAIN],
// but lets in [NULL] and, with any key, [CURVE].
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

// AuthAllow adds addresses to the list of those that are allowed in a domain:
// IP addresses, or networks in CIDR notation such as "192.168.0.0/16". The
// domain "*" stands for all domains.
//
// From then on clients of all other addresses are refused, and all that do not
// come by IP. Those on the list still have to authenticate, if the mechanism
// asks for it. An address that is not valid is logged and ignored, but makes
// a list: if it is the only one, everybody is refused. A call without
// addresses does nothing.
//
// IPv4 and IPv6 are apart: "::/0" has no IPv4 address in it. An IPv4 client of
// an IPv6 socket (::ffff:192.0.2.1) has its IPv4 address.
//
// If the domain itself is an address or a network, it is taken as one more
// address, and all are for all domains.
func AuthAllow(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).allowNetworks)
}

// AuthAllowRemove takes addresses, as they were given to [AuthAllow], from the
// list of those that are allowed. A list that becomes empty refuses everybody.
func AuthAllowRemove(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).forgetAllowed)
}

// AuthAllowRemoveAll removes the list that [AuthAllow] made for a domain, so
// that addresses are no reason any more to refuse a client.
func AuthAllowRemoveAll(domain string) {
	auth.ClearAllowed(domain)
}

// AuthDeny adds addresses to the list of those that are denied in a domain.
// Clients of these are refused without authentication. Addresses and domains
// are given as for [AuthAllow]; an address that is not valid is logged and
// ignored.
//
// If there is also a list of allowed addresses, that one alone decides.
func AuthDeny(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).denyNetworks)
}

// AuthDenyRemove takes addresses, as they were given to [AuthDeny], from the
// list of those that are denied.
func AuthDenyRemove(domain string, addresses ...string) {
	updateAddresses(domain, addresses, (*authPolicy).forgetDenied)
}

// AuthDenyRemoveAll removes the list that [AuthDeny] made for a domain.
func AuthDenyRemoveAll(domain string) {
	auth.ClearDenied(domain)
}

// AuthPlainAdd adds a user for [PLAIN] clients of a domain, or changes the
// user's password. The domain "*" stands for all domains: its users get in
// beside those of the domain itself.
func AuthPlainAdd(domain, username, password string) {
	auth.AddUser(domain, username, password)
}

// AuthPlainRemove removes users of a domain. Those who are unknown are ignored.
func AuthPlainRemove(domain string, usernames ...string) {
	auth.RemoveUsers(domain, usernames...)
}

// AuthPlainRemoveAll removes all users of a domain.
func AuthPlainRemoveAll(domain string) {
	auth.update(domain, func(p *authPolicy) { p.users = nil })
}

// AuthCurveAdd adds the public keys of [CURVE] clients, in Z85, that get in at
// a domain. The domain "*" stands for all domains, and the key
// [CURVE_ALLOW_ANY] for all keys. Anything that is not a key is logged and ignored.
func AuthCurveAdd(domain string, pubkeys ...string) {
	for _, key := range pubkeys {
		if err := auth.AddKeys(domain, key); err != nil {
			log.Printf("AUTH: a CURVE key of domain %q is ignored: it is not 40 characters of Z85", domain)
		}
	}
}

// AuthCurveRemove removes keys of a domain. Those that are unknown are ignored.
func AuthCurveRemove(domain string, pubkeys ...string) {
	auth.RemoveKeys(domain, pubkeys...)
}

// AuthCurveRemoveAll removes all keys of a domain.
func AuthCurveRemoveAll(domain string) {
	auth.update(domain, func(p *authPolicy) { p.keys = nil })
}

// AuthSetVerbose makes the authentication write a line for each client to the
// standard logger, with "AUTH: " in front. Off by default. Mistakes in the
// policy, malformed requests and panics of the metadata handler are always
// logged, and passwords never.
func AuthSetVerbose(verbose bool) {
	auth.verbose.Store(verbose)
}
