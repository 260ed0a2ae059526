// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// The ZeroMQ Authentication Protocol, RFC 27: how libzmq asks whether to let a
// client in. It sends a request to inproc://zeromq.zap.01 of the context that
// the server socket belongs to.

import (
	"errors"
	"log"
	"runtime/debug"
	"slices"
	"time"
)

const (
	zapEndpoint = "inproc://zeromq.zap.01"
	zapVersion  = "1.0"

	// zapCalls is the most calls of the metadata handler at a time. While so
	// many are under way, the next clients are told to come again.
	zapCalls = 1024

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

// A zapServer answers the requests of one context, until that is terminated.
//
// It has a ROUTER socket, which may reply in any order and is never in a state
// that a failed reply could leave wrong. When the authenticator is stopped it
// is unbound, but not closed: libzmq does not finish closing it as long as a
// client that it let in is connected, and clients that it has not answered
// yet would hang until their handshake is over.
type zapServer struct {
	auth  *authenticator
	soc   *Socket
	bound bool // guarded by authenticator.serving
}

// newZapServer starts to serve a context. The error is EADDRINUSE if the
// program has a ZAP handler of its own there.
func newZapServer(auth *authenticator, h *handle) (*zapServer, error) {
	// The socket must not keep the program's Context from being collected.
	soc, err := (&Context{c: h}).NewSocket(ROUTER)
	if err != nil {
		return nil, err
	}
	z := &zapServer{auth: auth, soc: soc}
	err = soc.s.openPark() // once it runs it needs no file descriptor any more
	if err == nil {
		err = z.bind()
	}
	if err != nil {
		soc.Close()
		return nil, err
	}
	go z.run()
	return z, nil
}

func (z *zapServer) bind() error {
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
		case ETERM, ErrorSocketClosed:
			return
		default:
			log.Print("AUTH: receiving a request: ", err)
			time.Sleep(zapPause)
		}
	}
}

// answer replies to one request, or has it done by the metadata handler.
func (z *zapServer) answer(msg []string) {
	r, err := parseRequest(msg)
	if err != nil {
		log.Print("AUTH: malformed request: ", err)
		if r != nil {
			z.reply(r, zapFailed)
		}
		return
	}
	ok, why := z.auth.admit(r)
	if z.auth.verbose.Load() {
		verdict := "DENIED"
		if ok {
			verdict = "ALLOWED"
		}
		log.Printf("AUTH: %s (%s) mechanism=%q domain=%q address=%q client=%q",
			verdict, why, r.mechanism, r.domain, r.address, r.who())
	}
	if !ok {
		z.reply(r, zapRefused)
		return
	}
	handler := z.auth.metadataHandler()
	if handler == nil {
		z.reply(r, zapWelcome)
		return
	}
	select {
	case z.auth.calls <- struct{}{}:
		go z.call(handler, r)
	default:
		log.Printf("AUTH: DENIED for now: %d calls of the metadata handler are under way", zapCalls)
		z.reply(r, zapBusy)
	}
}

// call asks the metadata handler, and replies even if that panics.
func (z *zapServer) call(handler metadataHandler, r *zapRequest) {
	reply := zapFailed
	defer func() {
		if p := recover(); p != nil {
			log.Printf("AUTH: DENIED: panic in the metadata handler: %v\n%s", p, debug.Stack())
		}
		<-z.auth.calls
		z.reply(r, reply)
	}()
	reply = newZapReply(handler(r.version, r.id, r.domain, r.address, r.identity, r.mechanism, r.credentials...))
}

func (z *zapServer) reply(r *zapRequest, reply zapReply) {
	_, err := z.soc.SendMessageDontwait(r.path, zapVersion, r.id, reply.status, reply.text, reply.userID, reply.metadata)
	if err != nil && err != ETERM && err != ErrorSocketClosed {
		log.Print("AUTH: sending a reply: ", err)
	}
}
