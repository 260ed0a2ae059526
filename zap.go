// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

// The ZeroMQ Authentication Protocol, RFC 27: how libzmq asks whether to let a
// client in. It sends a request to inproc://zeromq.zap.01 of the context that
// the server socket belongs to.

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"
)

const (
	zapEndpoint = "inproc://zeromq.zap.01"
	zapVersion  = "1.0"

	// zapCalls is the most clients whose callbacks may be under way at a time.
	// The next ones are told to come again.
	zapCalls = 1024

	// zapLimit is how long the callbacks for a client may take: by then libzmq has
	// given it up, unless SetHandshakeIvl says otherwise.
	zapLimit = 30 * time.Second

	// zapPause is how long a server waits after an error such as ENOMEM.
	zapPause = 100 * time.Millisecond
)

// zapCredentials has the mechanisms, with how many credentials each comes with.
var zapCredentials = map[string]int{
	"NULL":   0,
	"PLAIN":  2, // user name and password
	"CURVE":  1, // the client's public key, 32 bytes
	"GSSAPI": 1, // the principal
}

var zapMechanisms = map[string]Mechanism{"NULL": NULL, "PLAIN": PLAIN, "CURVE": CURVE, "GSSAPI": GSSAPI}

// A zapRequest asks about one client.
type zapRequest struct {
	path []string // return path of the reply, with the empty part behind it

	version, id, domain, address, identity, mechanism string

	credentials []string
}

var errNoReply = errors.New("no return path or no request id")

// parseRequest reads a request as it comes out of a ROUTER socket. With an
// error, the request is nil if it cannot even be replied to.
func parseRequest(msg []string) (*zapRequest, error) {
	end := slices.Index(msg, "")
	if end < 1 || len(msg) < end+3 {
		return nil, errNoReply
	}
	path, msg := msg[:end+1], msg[end+1:]
	r := &zapRequest{path: path, version: msg[0], id: msg[1]}
	if r.version != zapVersion {
		return r, errors.New("unknown version")
	}
	if len(msg) < 6 {
		return r, errors.New("too few parts")
	}
	r.domain, r.address, r.identity, r.mechanism, r.credentials = msg[2], msg[3], msg[4], msg[5], msg[6:]
	if n, known := zapCredentials[r.mechanism]; known && len(r.credentials) != n {
		return r, errors.New("wrong number of credentials")
	}
	if r.mechanism == "CURVE" && len(r.credentials[0]) != 32 {
		return r, errors.New("a CURVE key that is not of 32 bytes")
	}
	return r, nil
}

// who names the client for the log. It has no secrets.
func (r *zapRequest) who() string {
	switch r.mechanism {
	case "PLAIN", "GSSAPI":
		return r.credentials[0]
	case "CURVE":
		return Z85encode(r.credentials[0])
	}
	return ""
}

// public returns what callbacks are told. It has no secrets.
func (r *zapRequest) public() *AuthRequest {
	return &AuthRequest{
		Domain: r.domain, Address: r.address, Identity: r.identity,
		Mechanism: zapMechanisms[r.mechanism], User: r.who(),
	}
}

// A zapReply says what to do with a client.
type zapReply struct {
	status, text, userID string
	metadata             []byte
}

var (
	zapWelcome = zapReply{status: "200", text: "OK"}
	zapBusy    = zapReply{status: "300", text: "BUSY"}
	zapRefused = zapReply{status: "400", text: "NO ACCESS"}
	zapFailed  = zapReply{status: "500", text: "INTERNAL ERROR"}
)

// zap is who answers in which context.
var zap = zapService{servers: make(map[*handle]*zapServer)}

// A zapService has the servers of all contexts. Its lock may be taken while a
// socket is locked, therefore nothing but the servers' own sockets is used
// under it.
type zapService struct {
	mu      zapLock
	running bool                   // between AuthStart and AuthStop
	servers map[*handle]*zapServer // the contexts to protect; nil if not served yet
}

var errAuthRunning = errors.New("Auth is already running")

// start serves the given context and all others that are known, but for those
// that have an authenticator of their own.
func (s *zapService) start(first *handle) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return errAuthRunning
	}
	s.enroll(first)
	for h, z := range s.servers {
		if z.servedBy() != nil {
			continue
		}
		err := s.serve(h, auth)
		if err == EADDRINUSE && h != first || err == ErrorContextClosed || err == ETERM {
			continue
		}
		if err != nil {
			s.unbindAll()
			return err
		}
	}
	s.running = true
	return nil
}

// stop reports whether there was something to stop.
func (s *zapService) stop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.running
	s.running = false
	s.unbindAll()
	return was
}

func (s *zapService) unbindAll() {
	for _, z := range s.servers {
		if z.servedBy() == auth {
			z.unbind()
		}
	}
}

// protect is called when a socket of a context may need authentication.
func (s *zapService) protect(h *handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.enroll(h) || !s.running || s.servers[h].servedBy() != nil {
		return nil
	}
	if err := s.serve(h, auth); err != EADDRINUSE {
		return err
	}
	return nil
}

// claim serves a context by an authenticator of its own.
func (s *zapService) claim(a *Authenticator) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.enroll(a.h) {
		return ErrorContextClosed
	}
	if by := s.servers[a.h].servedBy(); by != nil && by != auth {
		return EADDRINUSE
	}
	return s.serve(a.h, a)
}

// release ends what claim began.
func (s *zapService) release(a *Authenticator) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch z := s.servers[a.h]; {
	case z.servedBy() != a:
	case s.running:
		z.auth.Store(auth)
	default:
		z.unbind()
	}
}

// enroll adds a context to those to protect, unless it is closed. While it
// holds h.mu, forget is still to come.
func (s *zapService) enroll(h *handle) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if _, ok := s.servers[h]; !ok && !h.closed {
		s.servers[h] = nil
	}
	return !h.closed
}

// forget is called when a context has been closed. Its server ends by itself.
func (s *zapService) forget(h *handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.servers[h].servedBy(); a != nil && a != auth {
		a.cancel()
	}
	delete(s.servers, h)
}

func (s *zapService) serve(h *handle, a *Authenticator) error {
	if z := s.servers[h]; z != nil {
		return z.serve(a)
	}
	z, err := newZapServer(a, h)
	if err == nil {
		s.servers[h] = z
	}
	return err
}

// A zapServer answers the requests of one context, until that is terminated.
//
// It has a ROUTER socket, which may reply in any order and is never in a state
// that a failed reply could leave wrong. When the authenticator is stopped it
// is unbound, but not closed: libzmq does not finish closing it as long as a
// client that it let in is connected, and clients that it has not answered
// yet would hang until their handshake is over.
type zapServer struct {
	soc   *Socket
	auth  atomic.Pointer[Authenticator] // who decides, or did so last
	bound bool                          // guarded by zapService.mu
}

// servedBy returns who decides now, if anybody does.
func (z *zapServer) servedBy() *Authenticator {
	if z == nil || !z.bound {
		return nil
	}
	return z.auth.Load()
}

// newZapServer starts to serve a context. It returns EADDRINUSE if the
// program has a ZAP handler of its own there.
func newZapServer(a *Authenticator, h *handle) (*zapServer, error) {
	// The socket must not keep the program's Context from being collected.
	soc, err := (&Context{c: h}).newSocket(ROUTER, true)
	if err != nil {
		return nil, err
	}
	z := &zapServer{soc: soc}
	err = soc.s.openPark() // once it runs it needs no file descriptor any more
	if err == nil {
		err = z.serve(a)
	}
	if err != nil {
		soc.Close()
		return nil, err
	}
	go z.run()
	return z, nil
}

// serve has a decide from now on.
func (z *zapServer) serve(a *Authenticator) error {
	z.auth.Store(a) // first: it decides about the first request
	if z.bound {
		return nil
	}
	err := z.soc.Bind(zapEndpoint)
	z.bound = err == nil
	return err
}

// unbind gives the endpoint free at once, which Close would not.
func (z *zapServer) unbind() {
	if z.bound {
		z.soc.Unbind(zapEndpoint)
		z.bound = false
	}
}

func (z *zapServer) run() {
	defer z.soc.Close()
	for {
		msg, err := z.soc.RecvMessage(0)
		switch err {
		case nil:
			z.answer(msg)
		case eintr: // by SetRetryAfterEINTR
		case ETERM, ErrorSocketClosed:
			return
		default:
			z.auth.Load().complain("receiving a request: %v", err)
			time.Sleep(zapPause)
		}
	}
}

// answer replies to one request, or has it done when a callback returns.
func (z *zapServer) answer(msg []string) {
	a := z.auth.Load()
	r, err := parseRequest(msg)
	if err != nil {
		a.complain("malformed request: %v", err)
		if r != nil {
			z.reply(r, zapFailed)
		}
		return
	}
	a.decide(r, z.reply)
}

func (z *zapServer) reply(r *zapRequest, reply zapReply) {
	_, err := z.soc.SendMessageDontwait(r.path, zapVersion, r.id, reply.status, reply.text, reply.userID, reply.metadata)
	if err != nil && err != ETERM && err != ErrorSocketClosed {
		z.auth.Load().complain("sending a reply: %v", err)
	}
}
