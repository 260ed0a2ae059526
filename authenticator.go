// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

// An Authenticator decides which clients the server sockets of one context let
// in. A socket is a server by [Socket.ServerAuthNull], [Socket.ServerAuthPlain]
// or [Socket.ServerAuthCurve], called before its Bind; these name the domain
// that it belongs to.
//
//	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Users: map[string]string{"alice": "secret"}})
//
// Each domain has a policy, and the domain "*" one that is added to that of
// all others. The policy can be changed at any time, by any goroutine; a change
// applies to clients that connect from then on.
//
// A client is refused first for its address: if it is not on the list of
// allowed networks, where there is one; else if it is on the list of denied
// ones. Those that do not come by IP are on no list. Then its credentials
// count:
//
//   - a [NULL] client has none and is let in,
//   - a [PLAIN] client needs the name and password of a user,
//   - a [CURVE] client needs one of the public keys,
//   - a [GSSAPI] client, whom Kerberos has authenticated, needs to be one of
//     the principals. If no principals are configured the address lists
//     decide: without any that apply, it is refused. But libzmq up to 4.3.5
//     lets in GSSAPI clients that were refused.
//
// A client that sends something malformed is refused.
type Authenticator struct {
	h      *handle // the context, nil for the package's functions
	config AuthConfig
	ctx    context.Context // of callbacks
	cancel context.CancelFunc

	verbose atomic.Bool   // of the package's functions
	calls   chan struct{} // one for each client whose callbacks are under way

	mu       authLock // guards what follows
	domains  map[string]*authDomain
	metadata metadataFunc
	limit    time.Duration // of the callbacks for a client
}

// An AuthConfig says which clients an [Authenticator] lets in at first, and
// which functions it calls. The zero value lets in NULL clients only.
//
// The functions are called by several goroutines at a time: one that is slow
// does not hold up other clients. Their context is done after 30 s, when libzmq
// has given up the client (see [Socket.SetHandshakeIvl]), when the authenticator
// is closed, and when the zmq4 context is terminated. A function that returns an error
// or panics refuses the client, which is logged.
//
// While calls for 1024 clients are under way, others are told to try again. So a
// function must return soon after its context is done, or else so many clients, who
// need no credentials, keep all others out.
type AuthConfig struct {
	// Allow has the networks that clients may come from. If it is nil, they may
	// come from anywhere; if it is empty but not nil, from nowhere.
	Allow []netip.Prefix

	// Deny has networks that clients may not come from.
	Deny []netip.Prefix

	// Users has the passwords of PLAIN clients by their user names.
	Users map[string]string

	// Keys has the public keys of CURVE clients, in Z85. [CURVE_ALLOW_ANY]
	// stands for all keys.
	Keys []string

	// Principals has those of GSSAPI clients.
	Principals []string

	// CheckPlain is asked about a PLAIN client that the users do not have with
	// that password. It should compare in constant time, as
	// [subtle.ConstantTimeCompare] does.
	CheckPlain func(ctx context.Context, r *AuthRequest, password string) (ok bool, err error)

	// CheckCurve is asked about a CURVE client whose key is not among the keys.
	CheckCurve func(ctx context.Context, r *AuthRequest) (ok bool, err error)

	// CheckGSSAPI is asked about a GSSAPI client that is not among the principals.
	CheckGSSAPI func(ctx context.Context, r *AuthRequest) (ok bool, err error)

	// Metadata returns what comes with each message of a client that is let in,
	// see [Socket.RecvWithMetadata]. A key has 1 to 255 bytes; others are
	// logged and left out. "User-Id" is [AuthRequest.User] unless
	// Metadata gives it another value, of at most 255 bytes.
	Metadata func(ctx context.Context, r *AuthRequest) (map[string]string, error)

	// Logger is told of each decision at level Info, and of what goes wrong at
	// level Warn: never of a password. If it is nil, only the latter is
	// logged, by the standard logger. Other clients wait for it. If it panics,
	// the decision stands, and the standard logger is told.
	Logger *slog.Logger
}

// An AuthRequest is about one client that connects.
type AuthRequest struct {
	// Domain is that of the server socket.
	Domain string

	// Address is the client's IP address, without a port.
	Address string

	// Identity is the routing id of the server socket, see [Socket.SetIdentity].
	// libzmq does not tell the client's.
	Identity string

	// Mechanism is how the client authenticates.
	Mechanism Mechanism

	// User is who it says it is: the user name for PLAIN, the public key in
	// Z85 for CURVE, the principal for GSSAPI, and "" for NULL.
	User string
}

// An authDomain is the policy of one domain, or of all if its name is "*".
type authDomain struct {
	allow, deny addressList
	users       map[string][sha256.Size]byte // digests of their passwords
	keys        map[string]struct{}          // 32 bytes each, or CURVE_ALLOW_ANY
	principals  map[string]struct{}
}

// NewAuthenticator starts to authenticate the clients of server sockets of the
// context. The policy of config is that of domain "*"; nil is the zero value.
// [Authenticator.Close] or the end of the context ends it.
//
// In that context it replaces what [AuthStart] began. A context has one: the
// error is EADDRINUSE if there is another, or if the program has bound
// inproc://zeromq.zap.01. It is EINVAL for a network or a key that is not
// valid. An authenticator takes one socket of the context.
func NewAuthenticator(ctx *Context, config *AuthConfig) (*Authenticator, error) {
	if ctx == nil || ctx.c == nil {
		return nil, ErrorContextClosed
	}
	a := newAuthenticator()
	a.h = ctx.c
	if config != nil {
		a.config = *config
	}
	if err := a.configure(); err != nil {
		return nil, err
	}
	if err := zap.claim(a); err != nil {
		a.cancel()
		return nil, err
	}
	return a, nil
}

func newAuthenticator() *Authenticator {
	a := &Authenticator{
		calls:   make(chan struct{}, zapCalls),
		limit:   zapLimit,
		domains: make(map[string]*authDomain),
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// configure makes the policy of a new authenticator.
func (a *Authenticator) configure() error {
	c := &a.config
	if f := c.Metadata; f != nil {
		a.metadata = func(ctx context.Context, r *zapRequest) (map[string]string, error) { return f(ctx, r.public()) }
	}
	if c.Allow != nil {
		a.change("*", func(d *authDomain) { d.allow = make(addressList) })
	}
	if err := a.Allow("*", c.Allow...); err != nil {
		return err
	}
	if err := a.Deny("*", c.Deny...); err != nil {
		return err
	}
	for username, password := range c.Users {
		a.AddUser("*", username, password)
	}
	a.AddPrincipals("*", c.Principals...)
	if err := a.AddKeys("*", c.Keys...); err != nil {
		return err
	}
	// They have been copied, and the passwords need not stay.
	c.Allow, c.Deny, c.Users, c.Keys, c.Principals = nil, nil, nil, nil, nil
	return nil
}

// Close ends authentication in the context, and the context.Context of the
// callbacks, for which it does not wait. A second Close does nothing.
//
// From then on the context is served by what [AuthStart] began, if that runs.
// Else libzmq itself decides about new clients: it refuses [PLAIN], but lets in
// [NULL] and, with any key, [CURVE].
func (a *Authenticator) Close() error {
	zap.release(a)
	a.cancel()
	return nil
}

// Allow adds networks to those that are allowed in a domain, or in all for
// "*". From then on clients of all other addresses are refused. Those on the
// list still have to authenticate.
//
// IPv4 and IPv6 are apart: ::/0 has no IPv4 address in it. An IPv4 client of an
// IPv6 socket (::ffff:192.0.2.1) has its IPv4 address.
//
// The error is EINVAL for a network that is not valid; then none is added.
func (a *Authenticator) Allow(domain string, networks ...netip.Prefix) error {
	return a.changeList(allowList, false, domain, networks)
}

// RemoveAllowed takes networks, as they were given to Allow, from those that
// are allowed. A list that becomes empty refuses everybody, see
// [Authenticator.ClearAllowed].
func (a *Authenticator) RemoveAllowed(domain string, networks ...netip.Prefix) error {
	return a.changeList(allowList, true, domain, networks)
}

// ClearAllowed removes the list of networks that are allowed, so that clients
// may come from anywhere that is not denied.
func (a *Authenticator) ClearAllowed(domain string) {
	a.change(domain, func(d *authDomain) { d.allow = nil })
}

// Deny adds networks to those that are denied in a domain, or in all for "*".
// It has no effect where there are networks that are allowed.
//
// The error is EINVAL for a network that is not valid; then none is added.
func (a *Authenticator) Deny(domain string, networks ...netip.Prefix) error {
	return a.changeList(denyList, false, domain, networks)
}

// RemoveDenied takes networks, as they were given to Deny, from those that are
// denied.
func (a *Authenticator) RemoveDenied(domain string, networks ...netip.Prefix) error {
	return a.changeList(denyList, true, domain, networks)
}

// ClearDenied removes the list of networks that are denied.
func (a *Authenticator) ClearDenied(domain string) {
	a.change(domain, func(d *authDomain) { d.deny = nil })
}

// AddUser adds a user for PLAIN clients of a domain, or of all for "*", or
// changes the user's password. Only a digest of the password is kept.
func (a *Authenticator) AddUser(domain, username, password string) {
	digest := sha256.Sum256([]byte(password))
	a.change(domain, func(d *authDomain) {
		if d.users == nil {
			d.users = make(map[string][sha256.Size]byte)
		}
		d.users[username] = digest
	})
}

// RemoveUsers removes users of a domain. Those who are unknown are ignored.
func (a *Authenticator) RemoveUsers(domain string, usernames ...string) {
	a.change(domain, func(d *authDomain) { removeAll(d.users, usernames) })
}

// AddKeys adds public keys, in Z85, of CURVE clients of a domain, or of all
// for "*". The key [CURVE_ALLOW_ANY] stands for all keys.
//
// The error is EINVAL for a string that is not a key; then none is added.
func (a *Authenticator) AddKeys(domain string, keys ...string) error {
	raw := make([]string, len(keys))
	for i, z85 := range keys {
		if raw[i] = curveKey(z85); raw[i] == "" {
			return fmt.Errorf("zmq4: CURVE key %d is not 40 characters of Z85: %w", i, einval)
		}
	}
	a.change(domain, func(d *authDomain) { addAll(&d.keys, raw) })
	return nil
}

// RemoveKeys removes keys of a domain. Those that are unknown are ignored.
func (a *Authenticator) RemoveKeys(domain string, keys ...string) {
	a.change(domain, func(d *authDomain) {
		for _, z85 := range keys {
			delete(d.keys, curveKey(z85))
		}
	})
}

// AddPrincipals adds principals of GSSAPI clients of a domain, or of all for "*".
func (a *Authenticator) AddPrincipals(domain string, principals ...string) {
	a.change(domain, func(d *authDomain) { addAll(&d.principals, principals) })
}

// RemovePrincipals removes principals of a domain. Those that are unknown are
// ignored. If none are left, all GSSAPI clients are refused.
func (a *Authenticator) RemovePrincipals(domain string, principals ...string) {
	a.change(domain, func(d *authDomain) { removeAll(d.principals, principals) })
}

// addAll adds names to a set, which it makes if it is not empty.
func addAll(set *map[string]struct{}, names []string) {
	if *set == nil && len(names) > 0 {
		*set = make(map[string]struct{})
	}
	for _, name := range names {
		(*set)[name] = struct{}{}
	}
}

func removeAll[V any](m map[string]V, names []string) {
	maps.DeleteFunc(m, func(name string, _ V) bool { return slices.Contains(names, name) })
}

// change calls f to change the policy of a domain, which it makes if need be.
func (a *Authenticator) change(domain string, f func(*authDomain)) {
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

// changeList adds networks to a list, which it makes, or removes them.
func (a *Authenticator) changeList(list func(*authDomain) *addressList, remove bool, domain string, networks []netip.Prefix) error {
	if len(networks) == 0 {
		return nil
	}
	plain := make([]netip.Prefix, len(networks))
	for i, network := range networks {
		if !network.IsValid() {
			return fmt.Errorf("zmq4: network %d is not valid: %w", i, einval)
		}
		plain[i] = plainNetwork(network)
	}
	a.change(domain, func(d *authDomain) {
		l := list(d)
		if *l == nil && !remove {
			*l = make(addressList)
		}
		for _, network := range plain {
			if remove {
				delete(*l, network)
			} else {
				(*l)[network] = struct{}{}
			}
		}
	})
	return nil
}

// plainNetwork returns a network without bits of a host. What is IPv4 mapped
// to IPv6 is IPv4.
func plainNetwork(network netip.Prefix) netip.Prefix {
	if addr, bits := network.Addr(), network.Bits()-96; addr.Is4In6() && bits >= 0 {
		network = netip.PrefixFrom(addr.Unmap(), bits)
	}
	return network.Masked()
}

// An addressList is a set of networks, single addresses among them. If it is
// nil there is no such list, which is not the same as an empty one.
type addressList map[netip.Prefix]struct{}

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

// admit decides about a client by the policy. If it says no, ask says whether
// a callback may know better. why is for the log.
func (a *Authenticator) admit(r *zapRequest) (ok, ask bool, why string) {
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
		return false, false, why
	}
	switch r.mechanism {
	case "NULL":
	case "GSSAPI":
		if slices.ContainsFunc(domains, func(d *authDomain) bool { return d.principals != nil }) || a.config.CheckGSSAPI != nil {
			ok, why = admitPrincipal(domains, r.credentials[0])
		} else {
			ok = why != noList
		}
		ask = a.config.CheckGSSAPI != nil
	case "PLAIN":
		ok, why = admitPlain(domains, r.credentials[0], r.credentials[1])
		ask = a.config.CheckPlain != nil
	case "CURVE":
		ok, why = admitCurve(domains, r.credentials[0])
		ask = a.config.CheckCurve != nil
	default:
		return false, false, "unknown mechanism"
	}
	return ok, ask && !ok, why
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

func admitPrincipal(domains []*authDomain, principal string) (ok bool, why string) {
	for _, d := range domains {
		if _, known := d.principals[principal]; known {
			return true, "principal"
		}
	}
	return false, "unknown principal"
}

// check asks the callback of the client's mechanism.
func (a *Authenticator) check(ctx context.Context, r *zapRequest) (ok bool, err error) {
	switch r.mechanism {
	case "PLAIN":
		return a.config.CheckPlain(ctx, r.public(), r.credentials[1])
	case "CURVE":
		return a.config.CheckCurve(ctx, r.public())
	}
	return a.config.CheckGSSAPI(ctx, r.public())
}

// decide tells what to do with a client, by way of reply: at once, or once
// callbacks have been asked.
func (a *Authenticator) decide(r *zapRequest, reply func(*zapRequest, zapReply)) {
	ok, ask, why := a.admit(r)
	if !ask {
		a.logVerdict(r, ok, why)
	}
	a.mu.RLock()
	metadata, limit := a.metadata, a.limit
	a.mu.RUnlock()
	switch {
	case !ok && !ask:
		reply(r, zapRefused)
		return
	case ok && metadata == nil:
		reply(r, a.welcome(r, nil))
		return
	}
	select {
	case a.calls <- struct{}{}:
		go a.call(r, ok, metadata, limit, reply)
	default:
		a.complain("DENIED for now: callbacks for %d clients are under way", zapCalls)
		reply(r, zapBusy)
	}
}

// call asks the callbacks, and replies even if they panic.
func (a *Authenticator) call(r *zapRequest, ok bool, metadata metadataFunc, limit time.Duration, reply func(*zapRequest, zapReply)) {
	answer := zapFailed
	ctx, cancel := context.WithTimeout(a.ctx, limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			a.complain("DENIED: panic in a callback: %v\n%s", p, debug.Stack())
		}
		<-a.calls
		reply(r, answer)
	}()
	if !ok {
		ok, err := a.check(ctx, r)
		if err != nil {
			a.complain("DENIED: a callback failed: %v", err)
			return
		}
		a.logVerdict(r, ok, "callback")
		if !ok {
			answer = zapRefused
			return
		}
	}
	var m map[string]string
	if metadata != nil {
		var err error
		if m, err = metadata(ctx, r); err != nil {
			a.complain("DENIED: the metadata callback failed: %v", err)
			return
		}
	}
	answer = a.welcome(r, m)
}

func (a *Authenticator) logVerdict(r *zapRequest, ok bool, why string) {
	verdict := "DENIED"
	if ok {
		verdict = "ALLOWED"
	}
	if l := a.config.Logger; l != nil {
		tell(func() {
			l.LogAttrs(a.ctx, slog.LevelInfo, "zmq4: client "+verdict, slog.String("why", why), slog.String("mechanism", r.mechanism),
				slog.String("domain", r.domain), slog.String("address", r.address), slog.String("client", r.who()))
		})
		return
	}
	a.logf("%s (%s) mechanism=%q domain=%q address=%q client=%q", verdict, why, r.mechanism, r.domain, r.address, r.who())
}

// complain logs what is not as it should be.
func (a *Authenticator) complain(format string, args ...any) {
	if l := a.config.Logger; l != nil {
		tell(func() { l.Warn("zmq4: " + fmt.Sprintf(format, args...)) })
		return
	}
	printf(format, args...)
}

func (a *Authenticator) logf(format string, args ...any) {
	if a.verbose.Load() {
		printf(format, args...)
	}
}

// tell calls a logger of the program. If it panics, that must not end the goroutine
// that answers all clients.
func tell(log func()) {
	defer func() {
		if p := recover(); p != nil {
			printf("panic in the Logger: %v\n%s", p, debug.Stack())
		}
	}()
	log()
}

// printf calls the standard logger, whose writer is the program's.
func printf(format string, args ...any) {
	defer func() { _ = recover() }() // there is nobody else to tell
	log.Printf("AUTH: "+format, args...)
}
