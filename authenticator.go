// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

// An Authenticator decides which clients the server sockets of one context
// let in. A socket becomes a server, and gets a domain, with
// [Socket.ServerAuthNull], [Socket.ServerAuthPlain] or
// [Socket.ServerAuthCurve], called before its Bind.
//
//	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Users: map[string]string{"alice": "secret"}})
//
// Each domain has a policy. The policy of domain "*" is added to that of
// every domain. The policy can be changed at any time, by any goroutine. A
// change applies to clients that connect after it.
//
// The address of a client is checked first. If there is an allow list, a
// client that is not on it is refused. Otherwise a client on the deny list is
// refused. Clients that do not connect over IP are on no list. Then the
// credentials count:
//
//   - a NULL client has none and is let in,
//   - a PLAIN client needs the name and password of a user,
//   - a CURVE client needs one of the public keys,
//   - a GSSAPI client, which Kerberos has authenticated, needs to be one of the
//     principals. If no principals are configured, the address lists decide: if
//     none applies, it is refused. But libzmq up to 4.3.5 lets in GSSAPI
//     clients that were refused.
//
// A client that sends a malformed request is refused.
type Authenticator struct {
	h      *handle // the context, nil for the package's functions
	config AuthConfig
	ctx    context.Context // of callbacks
	cancel context.CancelFunc

	verbose atomic.Bool   // of the package's functions
	calls   chan struct{} // one for each client whose callbacks are under way

	mu       authLock // guards what follows
	domains  map[string]*authPolicy
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
	// Allow is the allow list: the networks from which clients may connect. If it
	// is nil, they may connect from anywhere; if it is empty but not nil, nobody may.
	Allow []netip.Prefix

	// Deny is the deny list: networks from which clients may not connect. It has
	// no effect if Allow is set.
	Deny []netip.Prefix

	// Users has the passwords of PLAIN clients by their user names.
	Users map[string]string

	// Keys has the public keys of CURVE clients, in Z85. [CURVE_ALLOW_ANY]
	// stands for all keys.
	Keys []string

	// Principals has the principals of GSSAPI clients.
	Principals []string

	// CheckPlain decides about a PLAIN client if Users does not have its name
	// and password. It should compare in constant time, as
	// [subtle.ConstantTimeCompare] does.
	CheckPlain func(ctx context.Context, r *AuthRequest, password string) (ok bool, err error)

	// CheckCurve decides about a CURVE client whose key is not in Keys.
	CheckCurve func(ctx context.Context, r *AuthRequest) (ok bool, err error)

	// CheckGSSAPI decides about a GSSAPI client that is not in Principals.
	CheckGSSAPI func(ctx context.Context, r *AuthRequest) (ok bool, err error)

	// Metadata returns properties that are attached to each message of a client
	// that is let in, see [Socket.RecvWithMetadata]. A key has 1 to 255 bytes;
	// others are logged and left out. "User-Id" is [AuthRequest.User] unless
	// Metadata returns another value, of at most 255 bytes.
	Metadata func(ctx context.Context, r *AuthRequest) (map[string]string, error)

	// Logger logs each decision at level Info and each failure at level Warn, but
	// no passwords. If it is nil, the standard logger logs the failures only.
	// Other clients wait for the Logger. If it panics, the decision stands, and the
	// standard logger logs the panic.
	Logger *slog.Logger
}

// An AuthRequest describes a client that is about to connect.
type AuthRequest struct {
	// Domain is the domain of the server socket.
	Domain string

	// Address is the client's IP address, without a port.
	Address string

	// Identity is the routing id of the server socket, see [Socket.SetIdentity].
	// libzmq does not report that of the client.
	Identity string

	// Mechanism is the client's security mechanism.
	Mechanism Mechanism

	// User is the user name for PLAIN, the public key in Z85 for CURVE, the
	// principal for GSSAPI, and "" for NULL.
	User string
}

// NewAuthenticator starts to authenticate the clients of the context's server
// sockets. The policy of config is that of domain "*". A nil config is the
// zero value. [Authenticator.Close] or the end of the context ends it.
//
// In that context it takes the place of [AuthStart]. A context has one
// Authenticator: NewAuthenticator returns [EADDRINUSE] if there is another
// one, or if the program has bound inproc://zeromq.zap.01. It returns EINVAL
// for an invalid network or key. An Authenticator uses one socket of the
// context.
func NewAuthenticator(ctx *Context, config *AuthConfig) (*Authenticator, error) {
	if ctx == nil || ctx.c == nil {
		return nil, ErrorContextClosed
	}
	if config == nil {
		config = &AuthConfig{}
	}
	policy, err := config.policy()
	if err != nil {
		return nil, err
	}
	a := newAuthenticator()
	a.h, a.config = ctx.c, *config
	// The policy has copies of these, and the passwords need not stay.
	a.config.Allow, a.config.Deny, a.config.Users, a.config.Keys, a.config.Principals = nil, nil, nil, nil, nil
	a.domains["*"] = policy
	if f := config.Metadata; f != nil {
		a.metadata = func(ctx context.Context, r *zapRequest) (map[string]string, error) { return f(ctx, r.public()) }
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
		domains: make(map[string]*authPolicy),
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// Close ends authentication in the context, and cancels the context.Context
// of the callbacks, without waiting for them. A second Close does nothing.
//
// If [AuthStart] runs, it takes over. Otherwise libzmq decides about new
// clients: it refuses PLAIN, and lets in NULL and, with any key, CURVE.
func (a *Authenticator) Close() error {
	zap.release(a)
	a.cancel()
	return nil
}

// Allow adds networks to the allow list of a domain, or of all domains for
// "*". From then on clients from any other address are refused. Clients on
// the list still have to authenticate.
//
// IPv4 and IPv6 are separate: ::/0 contains no IPv4 address. An IPv4 client
// of an IPv6 socket (::ffff:192.0.2.1) is checked by its IPv4 address.
//
// It returns EINVAL if one of the networks is invalid, and then adds none.
func (a *Authenticator) Allow(domain string, networks ...netip.Prefix) error {
	return a.updateNetworks(domain, networks, (*authPolicy).allowNetworks)
}

// RemoveAllowed removes networks, as they were given to Allow, from the allow
// list of a domain. A list that becomes empty refuses everybody, see
// [Authenticator.ClearAllowed].
func (a *Authenticator) RemoveAllowed(domain string, networks ...netip.Prefix) error {
	return a.updateNetworks(domain, networks, (*authPolicy).forgetAllowed)
}

// ClearAllowed removes the allow list of a domain, so that clients may
// connect from every address that is not denied.
func (a *Authenticator) ClearAllowed(domain string) {
	a.update(domain, func(p *authPolicy) { p.allow = nil })
}

// Deny adds networks to the deny list of a domain, or of all domains for "*".
// It has no effect in a domain that has an allow list.
//
// It returns EINVAL if one of the networks is invalid, and then adds none.
func (a *Authenticator) Deny(domain string, networks ...netip.Prefix) error {
	return a.updateNetworks(domain, networks, (*authPolicy).denyNetworks)
}

// RemoveDenied removes networks, as they were given to Deny, from the deny
// list of a domain.
func (a *Authenticator) RemoveDenied(domain string, networks ...netip.Prefix) error {
	return a.updateNetworks(domain, networks, (*authPolicy).forgetDenied)
}

// ClearDenied removes the deny list of a domain.
func (a *Authenticator) ClearDenied(domain string) {
	a.update(domain, func(p *authPolicy) { p.deny = nil })
}

// AddUser adds a user for the PLAIN clients of a domain, or of all domains
// for "*", or changes the user's password. It keeps a digest of the password
// only.
func (a *Authenticator) AddUser(domain, username, password string) {
	digest := sha256.Sum256([]byte(password))
	a.update(domain, func(p *authPolicy) { p.addUser(username, digest) })
}

// RemoveUsers removes users from a domain. Unknown users are ignored.
func (a *Authenticator) RemoveUsers(domain string, usernames ...string) {
	a.update(domain, func(p *authPolicy) { removeAll(p.users, usernames) })
}

// AddKeys adds public keys, in Z85, of CURVE clients of a domain, or of all
// domains for "*". The key [CURVE_ALLOW_ANY] stands for all keys.
//
// It returns EINVAL if one of the strings is not a key, and then adds none.
func (a *Authenticator) AddKeys(domain string, keys ...string) error {
	raw, err := curveKeys(keys)
	if err == nil {
		a.update(domain, func(p *authPolicy) { addAll(&p.keys, raw) })
	}
	return err
}

// RemoveKeys removes keys from a domain. Unknown keys are ignored.
func (a *Authenticator) RemoveKeys(domain string, keys ...string) {
	a.update(domain, func(p *authPolicy) {
		for _, z85 := range keys {
			delete(p.keys, curveKey(z85))
		}
	})
}

// AddPrincipals adds principals of GSSAPI clients of a domain, or of all
// domains for "*".
func (a *Authenticator) AddPrincipals(domain string, principals ...string) {
	a.update(domain, func(p *authPolicy) { addAll(&p.principals, principals) })
}

// RemovePrincipals removes principals from a domain. Unknown principals are
// ignored. If none are left, all GSSAPI clients are refused.
func (a *Authenticator) RemovePrincipals(domain string, principals ...string) {
	a.update(domain, func(p *authPolicy) { removeAll(p.principals, principals) })
}

// update calls f to change the policy of a domain, which it makes if need be. All changes
// come here.
func (a *Authenticator) update(domain string, f func(*authPolicy)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.domains[domain]
	if p == nil {
		p = &authPolicy{}
		a.domains[domain] = p
	}
	f(p)
}

// updateNetworks calls change with networks that are valid, if there are any.
func (a *Authenticator) updateNetworks(domain string, networks []netip.Prefix, change func(*authPolicy, []netip.Prefix)) error {
	plain, err := plainNetworks(networks)
	if err == nil && len(plain) > 0 {
		a.update(domain, func(p *authPolicy) { change(p, plain) })
	}
	return err
}

// admit decides about a client by the policy. If it says no, ask says whether
// a callback may know better. why is for the log.
func (a *Authenticator) admit(r *zapRequest) (ok, ask bool, why string) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	policies := make([]*authPolicy, 0, 2)
	for _, domain := range []string{r.domain, "*"} {
		if p := a.domains[domain]; p != nil {
			policies = append(policies, p)
		}
	}
	ok, why = admitAddress(policies, r.address)
	if !ok {
		return false, false, why
	}
	switch r.mechanism {
	case "NULL":
	case "GSSAPI":
		ask = a.config.CheckGSSAPI != nil
		if ask || slices.ContainsFunc(policies, func(p *authPolicy) bool { return p.principals != nil }) {
			ok, why = admitPrincipal(policies, r.credentials[0])
		} else {
			ok = why != noList
		}
	case "PLAIN":
		ok, why = admitPlain(policies, r.credentials[0], r.credentials[1])
		ask = a.config.CheckPlain != nil
	case "CURVE":
		ok, why = admitCurve(policies, r.credentials[0])
		ask = a.config.CheckCurve != nil
	default:
		return false, false, "unknown mechanism"
	}
	return ok, ask && !ok, why
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
