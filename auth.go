// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log"
	"net/netip"
	"sync"
	"sync/atomic"
)

// CURVE_ALLOW_ANY stands for every client's key in [AuthCurveAdd].
const CURVE_ALLOW_ANY = "*"

var errAuthRunning = errors.New("Auth is already running")

// An authenticator decides which clients get in. It has a policy, and servers
// that apply it in every context that has sockets to protect.
type authenticator struct {
	verbose atomic.Bool
	calls   chan struct{} // one for each call of the metadata handler that is under way

	mu       sync.RWMutex // guards the policy
	domains  map[string]*authDomain
	metadata metadataHandler

	// serving guards the servers. It may be locked while a socket is locked,
	// therefore nothing but the servers' own sockets is used under it.
	serving sync.Mutex
	running bool
	servers map[*handle]*zapServer // the contexts to protect; nil if not served yet
}

// An authDomain is the policy of one domain, or of all if its name is "*".
type authDomain struct {
	allow, deny addressList
	users       map[string][sha256.Size]byte // digests of their passwords
	keys        map[string]struct{}          // 32 bytes each, or CURVE_ALLOW_ANY
}

// An addressList is a set of networks, single addresses among them. If it is
// nil there is no such list, which is not the same as an empty one.
type addressList map[netip.Prefix]struct{}

// auth is what the package's functions work on.
var auth = newAuthenticator()

func newAuthenticator() *authenticator {
	return &authenticator{
		calls:   make(chan struct{}, zapCalls),
		domains: make(map[string]*authDomain),
		servers: make(map[*handle]*zapServer),
	}
}

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
// If authentication runs already, that is an error and changes nothing. The
// error is EADDRINUSE if the program has bound inproc://zeromq.zap.01 in the
// default context. Where it has done so in another context, that is left to it;
// to do so later gives EADDRINUSE until [AuthStop].
func AuthStart() (err error) {
	ctx, err := defaultContext()
	if err != nil {
		return err
	}
	if err := auth.start(ctx.c); err != nil {
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
	if auth.stop() {
		auth.logf("stopped")
	}
}

// start serves the given context and all others that are known.
func (a *authenticator) start(first *handle) (err error) {
	a.serving.Lock()
	defer a.serving.Unlock()
	if a.running {
		return errAuthRunning
	}
	a.enroll(first)
	for h := range a.servers {
		err := a.serve(h)
		if err == EADDRINUSE && h != first || err == ErrorContextClosed || err == ETERM {
			continue
		}
		if err != nil {
			a.unbindAll()
			return err
		}
	}
	a.running = true
	return nil
}

// stop reports whether there was something to stop.
func (a *authenticator) stop() bool {
	a.serving.Lock()
	defer a.serving.Unlock()
	was := a.running
	a.running = false
	a.unbindAll()
	return was
}

func (a *authenticator) unbindAll() {
	for _, z := range a.servers {
		if z != nil {
			z.unbind()
		}
	}
}

// protect is called when a socket of a context may need authentication.
func (a *authenticator) protect(h *handle) error {
	a.serving.Lock()
	defer a.serving.Unlock()
	if !a.enroll(h) || !a.running {
		return nil
	}
	if err := a.serve(h); err != EADDRINUSE {
		return err
	}
	return nil
}

// enroll adds a context to those to protect, unless it is closed. While it
// holds h.mu, forget is still to come.
func (a *authenticator) enroll(h *handle) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if _, ok := a.servers[h]; !ok && !h.closed {
		a.servers[h] = nil
	}
	return !h.closed
}

// forget is called when a context has been closed. Its server ends by itself.
func (a *authenticator) forget(h *handle) {
	a.serving.Lock()
	defer a.serving.Unlock()
	delete(a.servers, h)
}

func (a *authenticator) serve(h *handle) error {
	if z := a.servers[h]; z != nil {
		return z.bind()
	}
	z, err := newZapServer(a, h)
	if err == nil {
		a.servers[h] = z
	}
	return err
}

// admit decides about a client. why is for the log.
func (a *authenticator) admit(r *zapRequest) (ok bool, why string) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	domains := make([]*authDomain, 0, 2)
	for _, name := range []string{r.domain, "*"} {
		if d := a.domains[name]; d != nil {
			domains = append(domains, d)
		}
	}
	ok, why = admitAddress(domains, r.address)
	if !ok {
		return false, why
	}
	switch r.mechanism {
	case "NULL":
		return true, why
	case "GSSAPI":
		return why != noList, why
	case "PLAIN":
		return admitPlain(domains, r.credentials[0], r.credentials[1])
	case "CURVE":
		return admitCurve(domains, r.credentials[0])
	}
	return false, "unknown mechanism"
}

const noList = "no address list"

func admitAddress(domains []*authDomain, address string) (ok bool, why string) {
	// What is not an IP address, such as that of an ipc peer, is on no list.
	addr, _ := netip.ParseAddr(address)
	addr = addr.Unmap()
	var hasAllow, allowed, hasDeny, denied bool
	for _, d := range domains {
		hasAllow = hasAllow || d.allow != nil
		allowed = allowed || d.allow.contains(addr)
		hasDeny = hasDeny || d.deny != nil
		denied = denied || d.deny.contains(addr)
	}
	switch {
	case allowed:
		return true, "on the allow list"
	case hasAllow:
		return false, "not on the allow list"
	case denied:
		return false, "on the deny list"
	case hasDeny:
		return true, "not on the deny list"
	}
	return true, noList
}

// admitPlain takes as long for a user that is unknown, or a password that is
// wrong in its first byte or its length, as for one that is right.
func admitPlain(domains []*authDomain, username, password string) (ok bool, why string) {
	got := sha256.Sum256([]byte(password))
	for _, d := range domains {
		want, known := d.users[username]
		same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
		ok = ok || same && known
	}
	if !ok {
		return false, "unknown user or wrong password"
	}
	return true, "password"
}

func admitCurve(domains []*authDomain, key string) (ok bool, why string) {
	for _, d := range domains {
		if _, any := d.keys[CURVE_ALLOW_ANY]; any {
			return true, "any key"
		}
		if _, known := d.keys[key]; known {
			return true, "key"
		}
	}
	return false, "unknown key"
}

// contains reports whether addr, which must not be IPv4 mapped to IPv6, and
// whose zone does not matter, is in one of the networks.
func (l addressList) contains(addr netip.Addr) bool {
	for bits := 0; bits <= addr.BitLen() && len(l) > 0; bits++ {
		if network, err := addr.Prefix(bits); err == nil {
			if _, ok := l[network]; ok {
				return true
			}
		}
	}
	return false
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
	if addr, bits := network.Addr(), network.Bits()-96; addr.Is4In6() && bits >= 0 {
		network = netip.PrefixFrom(addr.Unmap(), bits)
	}
	return network.Masked(), nil
}

// change calls f to change the policy of a domain, which it makes if need be.
func (a *authenticator) change(domain string, f func(*authDomain)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.domains[domain]
	if d == nil {
		d = &authDomain{}
		a.domains[domain] = d
	}
	f(d)
}

func allowList(d *authDomain) *addressList { return &d.allow }
func denyList(d *authDomain) *addressList  { return &d.deny }

// changeList adds networks to a list, which it makes even if none of them is
// valid, or removes them.
func (a *authenticator) changeList(list func(*authDomain) *addressList, remove bool, domain string, addresses []string) {
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
	a.change(domain, func(d *authDomain) {
		l := list(d)
		if *l == nil && !remove {
			*l = make(addressList)
		}
		for _, network := range networks {
			if remove {
				delete(*l, network)
			} else {
				(*l)[network] = struct{}{}
			}
		}
		both = d.allow != nil && d.deny != nil
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
	auth.changeList(allowList, false, domain, addresses)
}

// AuthAllowRemove takes addresses, as they were given to [AuthAllow], from the
// list of those that are allowed. A list that becomes empty refuses everybody.
func AuthAllowRemove(domain string, addresses ...string) {
	auth.changeList(allowList, true, domain, addresses)
}

// AuthAllowRemoveAll removes the list that [AuthAllow] made for a domain, so
// that addresses are no reason any more to refuse a client.
func AuthAllowRemoveAll(domain string) {
	auth.change(domain, func(d *authDomain) { d.allow = nil })
}

// AuthDeny adds addresses to the list of those that are denied in a domain.
// Clients of these are refused without authentication. Addresses and domains
// are given as for [AuthAllow]; an address that is not valid is logged and
// ignored.
//
// If there is also a list of allowed addresses, that one alone decides.
func AuthDeny(domain string, addresses ...string) {
	auth.changeList(denyList, false, domain, addresses)
}

// AuthDenyRemove takes addresses, as they were given to [AuthDeny], from the
// list of those that are denied.
func AuthDenyRemove(domain string, addresses ...string) {
	auth.changeList(denyList, true, domain, addresses)
}

// AuthDenyRemoveAll removes the list that [AuthDeny] made for a domain.
func AuthDenyRemoveAll(domain string) {
	auth.change(domain, func(d *authDomain) { d.deny = nil })
}

// AuthPlainAdd adds a user for [PLAIN] clients of a domain, or changes the
// user's password. The domain "*" stands for all domains: its users get in
// beside those of the domain itself.
func AuthPlainAdd(domain, username, password string) {
	digest := sha256.Sum256([]byte(password))
	auth.change(domain, func(d *authDomain) {
		if d.users == nil {
			d.users = make(map[string][sha256.Size]byte)
		}
		d.users[username] = digest
	})
}

// AuthPlainRemove removes users of a domain. Those who are unknown are ignored.
func AuthPlainRemove(domain string, usernames ...string) {
	auth.change(domain, func(d *authDomain) {
		for _, username := range usernames {
			delete(d.users, username)
		}
	})
}

// AuthPlainRemoveAll removes all users of a domain.
func AuthPlainRemoveAll(domain string) {
	auth.change(domain, func(d *authDomain) { d.users = nil })
}

// AuthCurveAdd adds the public keys of [CURVE] clients, in Z85, that get in at
// a domain. The domain "*" stands for all domains, and the key
// [CURVE_ALLOW_ANY] for all keys. What is not a key is logged and ignored.
func AuthCurveAdd(domain string, pubkeys ...string) {
	keys := make([]string, 0, len(pubkeys))
	for _, z85 := range pubkeys {
		key := curveKey(z85)
		if key == "" {
			log.Printf("AUTH: a CURVE key of domain %q is ignored: it is not 40 characters of Z85", domain)
			continue
		}
		keys = append(keys, key)
	}
	auth.change(domain, func(d *authDomain) {
		if d.keys == nil {
			d.keys = make(map[string]struct{})
		}
		for _, key := range keys {
			d.keys[key] = struct{}{}
		}
	})
}

// AuthCurveRemove removes keys of a domain. Those that are unknown are ignored.
func AuthCurveRemove(domain string, pubkeys ...string) {
	auth.change(domain, func(d *authDomain) {
		for _, z85 := range pubkeys {
			delete(d.keys, curveKey(z85))
		}
	})
}

// AuthCurveRemoveAll removes all keys of a domain.
func AuthCurveRemoveAll(domain string) {
	auth.change(domain, func(d *authDomain) { d.keys = nil })
}

// curveKey returns a key as authDomain.keys has it, "" if it is none.
func curveKey(z85 string) string {
	switch {
	case z85 == CURVE_ALLOW_ANY:
		return z85
	case len(z85) != z85Size:
		return ""
	}
	return Z85decode(z85)
}

// AuthSetVerbose makes the authentication write a line for each client to the
// standard logger, with "AUTH: " in front. Off by default. Mistakes in the
// policy, malformed requests and panics of the metadata handler are always
// logged, and passwords never.
func AuthSetVerbose(verbose bool) {
	auth.verbose.Store(verbose)
}

func (a *authenticator) logf(format string, args ...any) {
	if a.verbose.Load() {
		log.Printf("AUTH: "+format, args...)
	}
}
