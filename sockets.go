// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

// RecordOrigins makes NewSocket and OpenSocket record where they are called, for
// [SocketInfo.Origin]. It takes about a microsecond a socket. The default is false:
//
//	zmq4.RecordOrigins.Store(true)
var RecordOrigins atomic.Bool

// A SocketInfo describes an open socket, see [Context.Sockets].
type SocketInfo struct {
	// Socket is the socket.
	Socket *Socket

	// ID tells the sockets of a process apart. It is never used again.
	ID uint64

	// Type is the socket's type.
	Type Type

	// Created is when the socket was created.
	Created time.Time

	// Bound and Connected are the endpoints in use, the last 2000 in all. Connected has
	// them as they were given to Connect, also those that libzmq has given up by itself.
	Bound, Connected []string

	// Options are "linger", "sndhwm", "rcvhwm", "sndtimeo" and "rcvtimeo", of which "-1" has
	// no limit, "identity" if the socket has one, and "security", such as "CURVE server". It
	// is nil if libzmq does not tell any more: the context is being terminated.
	Options map[string]string

	// Stats is what the socket has done.
	Stats SocketStats

	// Receiving, Sending and Polling are the numbers of goroutines that wait now: to receive, to send,
	// and in a [Poller] or a proxy that holds the socket.
	Receiving, Sending, Polling int

	// Origin is where the socket was made, the innermost function first, if
	// [RecordOrigins] was set then.
	Origin []runtime.Frame
}

// String describes the socket in one line, such as
// "PUSH connected tcp://127.0.0.1:5555, 1 waiting, made at main.go:17".
func (i SocketInfo) String() string {
	s := i.Type.String()
	for _, list := range [][]string{append([]string{"bound"}, i.Bound...), append([]string{"connected"}, i.Connected...)} {
		if len(list) > 4 {
			list = append(list[:4], fmt.Sprintf("and %d more", len(list)-4))
		}
		if len(list) > 1 {
			s += " " + strings.Join(list, " ")
		}
	}
	if n := i.Receiving + i.Sending + i.Polling; n > 0 {
		s += fmt.Sprintf(", %d waiting", n)
	}
	if len(i.Origin) > 0 {
		s += fmt.Sprintf(", made at %s:%d", i.Origin[0].File, i.Origin[0].Line)
	}
	return s
}

// Sockets returns the open sockets of the default context, see [Context.Sockets].
func Sockets() []SocketInfo {
	ctx, err := defaultContext()
	if err != nil {
		return nil
	}
	return ctx.Sockets()
}

// Sockets returns the open sockets of the context, the oldest first. Sockets
// that the package itself uses, such as those of a monitor or an
// [Authenticator], are left out. It can be called while [Context.Term] waits,
// to see which sockets it waits for. A terminated context has none.
//
// It locks each socket for a few microseconds. The data is recorded anyway,
// so that calling it costs the sockets nothing else.
func (ctx *Context) Sockets() []SocketInfo {
	if ctx == nil || ctx.c == nil {
		return nil
	}
	return ctx.c.socketInfos()
}

func (h *handle) socketInfos() []SocketInfo {
	var list []SocketInfo
	for _, w := range h.sockets.all() {
		if s := w.Value(); s != nil && !s.born.internal {
			if info, open := s.info(); open {
				list = append(list, info)
			}
		}
	}
	slices.SortFunc(list, func(a, b SocketInfo) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// openSockets says which sockets Term waits for, in one line.
func (h *handle) openSockets() string {
	const most = 10
	list := h.socketInfos()
	if len(list) == 0 {
		if n := h.sockets.count(); n > 0 {
			return fmt.Sprintf("%d sockets of the package itself are open", n)
		}
		return "all sockets are closed, but some linger to deliver messages: see SetLinger"
	}
	var names []string
	for _, info := range list[:min(len(list), most)] {
		names = append(names, info.String())
	}
	if len(list) > most {
		names = append(names, fmt.Sprintf("and %d more", len(list)-most))
	}
	if len(list) == 1 {
		return "1 socket is open: " + names[0]
	}
	return fmt.Sprintf("%d sockets are open: %s", len(list), strings.Join(names, "; "))
}

// socketBirth is how a socket began. It does not change.
type socketBirth struct {
	id       uint64
	time     time.Time
	callers  []uintptr // where it was made, if that is recorded
	internal bool      // the package itself uses it
}

// lastSocket is the number of the socket that was made last.
var lastSocket atomic.Uint64

func newBirth(internal bool) socketBirth {
	b := socketBirth{id: lastSocket.Add(1), time: time.Now(), internal: internal}
	if RecordOrigins.Load() && !internal {
		var callers [16]uintptr
		b.callers = slices.Clone(callers[:runtime.Callers(2, callers[:])])
	}
	return b
}

// origin returns the callers behind the package's own functions that make sockets.
func (b *socketBirth) origin() []runtime.Frame {
	if len(b.callers) == 0 {
		return nil
	}
	var list []runtime.Frame
	frames := runtime.CallersFrames(b.callers)
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if list == nil && makesSockets(f.Function) || strings.HasPrefix(f.Function, "runtime.") {
			continue // the latter is below main, or a goroutine
		}
		list = append(list, f)
	}
	return list
}

// packagePath is what the names of the package's functions begin with, under whichever path it was imported.
var packagePath = func() string {
	pc, _, _, _ := runtime.Caller(0)
	name := runtime.FuncForPC(pc).Name()
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	return name[:slash+dot+1]
}()

func makesSockets(function string) bool {
	name, ok := strings.CutPrefix(function, packagePath)
	switch strings.TrimPrefix(name, "(*Context).") {
	case "newSocket", "NewSocket", "OpenSocket":
		return ok
	}
	return false
}

// info describes the socket, and reports whether it is open. It processes no commands of
// libzmq, so that it takes nobody's signal.
func (s *socket) info() (info SocketInfo, open bool) {
	s.mu.Lock()
	if s.c == nil {
		s.mu.Unlock()
		return info, false
	}
	info = SocketInfo{Socket: &Socket{s}, ID: s.born.id, Type: s.typ, Created: s.born.time, Options: s.options()}
	for _, e := range s.place.uses {
		if e.bound {
			info.Bound = append(info.Bound, e.resolved)
		} else {
			info.Connected = append(info.Connected, e.given)
		}
	}
	polls := int(s.park.n.Load()) - min(s.watchers, 1)
	for _, ref := range s.polls {
		info.Polling += int(ref.q.park.n.Load())
	}
	s.mu.Unlock()
	info.Receiving, info.Sending = int(s.rx.waits.now.Load()), int(s.tx.waits.now.Load())
	info.Polling += max(0, polls-info.Receiving-info.Sending)
	info.Origin = s.born.origin()
	info.Stats = info.Socket.Stats()
	return info, true
}

// options returns the options of a locked socket that matter, or nil.
func (s *socket) options() map[string]string {
	var linger C.int
	size := C.size_t(unsafe.Sizeof(linger))
	if C.zmq4_getsockopt(s.h(), C.ZMQ_LINGER, (*C.uchar)(unsafe.Pointer(&linger)), &size) < 0 {
		return nil
	}
	number := func(option C.int) int { return int(C.zmq4_get_int(s.h(), option)) }
	m := map[string]string{
		"linger":   limitString(time.Duration(linger) * time.Millisecond),
		"sndhwm":   strconv.Itoa(number(C.ZMQ_SNDHWM)),
		"rcvhwm":   strconv.Itoa(number(C.ZMQ_RCVHWM)),
		"sndtimeo": limitString(s.tx.timeo),
		"rcvtimeo": limitString(s.rx.timeo),
		"security": Mechanism(number(C.ZMQ_MECHANISM)).String(),
	}
	if number(C.ZMQ_PLAIN_SERVER) == 1 || number(C.ZMQ_CURVE_SERVER) == 1 || number(C.ZMQ_GSSAPI_SERVER) == 1 {
		m["security"] += " server"
	}
	var id [256]byte
	size = C.size_t(len(id))
	if C.zmq4_getsockopt(s.h(), C.ZMQ_ROUTING_ID, (*C.uchar)(&id[0]), &size) == 0 && size > 0 {
		m["identity"] = string(id[:size])
	}
	return m
}

// limitString returns the text of a duration whose negative values are "no limit".
func limitString(d time.Duration) string {
	if d < 0 {
		return "-1"
	}
	return d.String()
}

// A usedEndpoint is one that a socket is bound or connected to.
type usedEndpoint struct {
	bound           bool
	given, resolved string // the latter is what libzmq made of it, if bound
}

// mostUses is how many endpoints a socket remembers, since connections over inproc end
// without that the socket is told.
const mostUses = 2000

// noteUse takes note of an endpoint of a locked socket.
func (s *socket) noteUse(endpoint string, bound bool) {
	use := usedEndpoint{bound, endpoint, endpoint}
	if bound && !isInproc(endpoint) {
		use.resolved = cmp.Or(s.lastEndpoint(), endpoint)
	}
	if slices.Contains(s.place.uses, use) {
		return
	}
	if len(s.place.uses) == mostUses {
		s.place.uses = slices.Delete(s.place.uses, 0, 1)
		s.ahead.never = true // only is not known for sure any more
	}
	s.place.uses = append(s.place.uses, use)
	s.setAhead()
}

// noteUnused takes note that a locked socket has given up an endpoint. Unbind and Disconnect are
// the same to libzmq.
func (s *socket) noteUnused(endpoint string) {
	n := len(s.place.uses)
	s.place.uses = slices.DeleteFunc(s.place.uses, func(u usedEndpoint) bool { return u.given == endpoint || u.resolved == endpoint })
	if port := portOf(endpoint); len(s.place.uses) == n && port != endpoint { // another name of the same address
		s.place.uses = slices.DeleteFunc(s.place.uses, func(u usedEndpoint) bool { return u.bound && portOf(u.resolved) == port })
	}
	s.setAhead()
}

// lastEndpoint returns what libzmq has made of the endpoint that a locked socket was bound to last.
func (s *socket) lastEndpoint() string {
	var last [1024]byte
	size := C.size_t(len(last))
	if C.zmq4_getsockopt(s.h(), C.ZMQ_LAST_ENDPOINT, (*C.uchar)(&last[0]), &size) < 0 {
		return ""
	}
	return strings.TrimSuffix(string(last[:size]), "\x00")
}
