// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	zmq "github.com/pebbe/zmq4"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func sockets() {
	for _, t := range types {
		soc, err := zmq.NewSocket(t)
		say("NewSocket "+t.String(), soc, err)
		say("String "+t.String(), soc.String(), fmt.Sprint(soc), fmt.Sprintf("%v %s", *soc, soc))
		ctx, err := soc.Context()
		again, _ := soc.Context()
		say("Context "+t.String(), ctx, err, ctx == again)
		say("Close "+t.String(), soc.Close())
		say("Close again "+t.String(), soc.Close())
		say("String closed "+t.String(), soc.String())
	}
	ctx := got(zmq.NewContext())
	soc := got(ctx.NewSocket(zmq.REQ))
	owner, err := soc.Context()
	say("Context of a socket", owner == ctx, err)
	must(soc.SetIdentity("me"))
	say("String with an identity", soc.String())
	duplicate := *soc
	say("String of a copy", duplicate.String())
	say("GetType of a copy", v(duplicate.GetType())...)
	must(soc.Close())
	must(ctx.Term())
	closedSocket(soc)
}

// closedSocket calls all methods of a closed socket that are not options.
func closedSocket(soc *zmq.Socket) {
	for name, call := range map[string]func() []any{
		"Bind":                         func() []any { return v(soc.Bind("inproc://x")) },
		"Bind nothing":                 func() []any { return v(soc.Bind("")) },
		"Unbind":                       func() []any { return v(soc.Unbind("inproc://x")) },
		"Connect":                      func() []any { return v(soc.Connect("inproc://x")) },
		"Connect nonsense":             func() []any { return v(soc.Connect("a\x00b")) },
		"Disconnect":                   func() []any { return v(soc.Disconnect("inproc://x")) },
		"Monitor":                      func() []any { return v(soc.Monitor("inproc://m", zmq.EVENT_ALL)) },
		"Monitor none":                 func() []any { return v(soc.Monitor("", zmq.EVENT_ALL)) },
		"Monitor nonsense":             func() []any { return v(soc.Monitor("nonsense", zmq.EVENT_ALL)) },
		"Monitor tcp":                  func() []any { return v(soc.Monitor("tcp://127.0.0.1:*", zmq.EVENT_ALL)) },
		"ServerAuthNull":               func() []any { return v(soc.ServerAuthNull("d")) },
		"ServerAuthPlain":              func() []any { return v(soc.ServerAuthPlain("d")) },
		"ServerAuthCurve":              func() []any { return v(soc.ServerAuthCurve("d", serverSecret)) },
		"ServerAuthCurve bad":          func() []any { return v(soc.ServerAuthCurve("d", "bad")) },
		"ClientAuthPlain":              func() []any { return v(soc.ClientAuthPlain("u", "p")) },
		"ClientAuthPlain empty":        func() []any { return v(soc.ClientAuthPlain("", "")) },
		"ClientAuthCurve":              func() []any { return v(soc.ClientAuthCurve(serverPublic, clientPublic, clientSecret)) },
		"ClientAuthCurve bad":          func() []any { return v(soc.ClientAuthCurve("bad", "", "")) },
		"Context":                      func() []any { return v(soc.Context()) },
		"GetFd":                        func() []any { return v(soc.GetFd()) },
		"Proxy":                        func() []any { return v(zmq.Proxy(soc, soc, soc)) },
		"ProxySteerable":               func() []any { return v(zmq.ProxySteerable(soc, soc, soc, soc)) },
		"Recv":                         func() []any { return v(soc.Recv(0)) },
		"RecvBytes":                    func() []any { return v(soc.RecvBytes(0)) },
		"RecvMessage":                  func() []any { return v(soc.RecvMessage(0)) },
		"RecvMessageBytes":             func() []any { return v(soc.RecvMessageBytes(0)) },
		"RecvWithMetadata":             func() []any { return v(soc.RecvWithMetadata(0, "x")) },
		"RecvBytesWithMetadata":        func() []any { return v(soc.RecvBytesWithMetadata(0, "x")) },
		"RecvMessageWithMetadata":      func() []any { return v(soc.RecvMessageWithMetadata(0, "x")) },
		"RecvMessageBytesWithMetadata": func() []any { return v(soc.RecvMessageBytesWithMetadata(0, "x")) },
		"RecvEvent":                    func() []any { return v(soc.RecvEvent(0)) },
		"Send":                         func() []any { return v(soc.Send("", 0)) },
		"SendBytes":                    func() []any { return v(soc.SendBytes([]byte("x"), zmq.SNDMORE)) },
		"SendMessage":                  func() []any { return v(soc.SendMessage("x", "y")) },
		"SendMessage of nothing":       func() []any { return v(soc.SendMessage()) },
		"SendMessage of no strings":    func() []any { return v(soc.SendMessage([]string{})) },
		"SendMessageDontwait":          func() []any { return v(soc.SendMessageDontwait("x")) },
		"SendMessageDontwait nothing":  func() []any { return v(soc.SendMessageDontwait()) },
	} {
		try(name, call)
	}
	optionLines(soc)
	try("String", func() []any { return v(soc.String()) })
	try("Close", func() []any { return v(soc.Close()) })
}

func zeroSockets() {
	relabel("zero ", func() { closedSocket(&zmq.Socket{}) })
	relabel("nil ", func() { closedSocket(nil) })
	say("printed nil", fmt.Sprint((*zmq.Socket)(nil)))
	var none zmq.Socket
	say("printed zero", none.String(), fmt.Sprint(none))
}

// socketTypes sends and receives with sockets of each type that are alone.
func socketTypes() {
	r := map[string]*results{}
	for _, t := range types {
		for name, call := range map[string]func(*zmq.Socket) []any{
			"Recv":                         func(s *zmq.Socket) []any { return v(s.Recv(zmq.DONTWAIT)) },
			"RecvBytes":                    func(s *zmq.Socket) []any { return v(s.RecvBytes(zmq.DONTWAIT)) },
			"RecvMessage":                  func(s *zmq.Socket) []any { return v(s.RecvMessage(zmq.DONTWAIT)) },
			"RecvMessageBytes":             func(s *zmq.Socket) []any { return v(s.RecvMessageBytes(zmq.DONTWAIT)) },
			"RecvWithMetadata":             func(s *zmq.Socket) []any { return v(s.RecvWithMetadata(zmq.DONTWAIT, "Socket-Type")) },
			"RecvBytesWithMetadata":        func(s *zmq.Socket) []any { return v(s.RecvBytesWithMetadata(zmq.DONTWAIT)) },
			"RecvMessageWithMetadata":      func(s *zmq.Socket) []any { return v(s.RecvMessageWithMetadata(zmq.DONTWAIT)) },
			"RecvMessageBytesWithMetadata": func(s *zmq.Socket) []any { return v(s.RecvMessageBytesWithMetadata(zmq.DONTWAIT)) },
			"RecvEvent":                    func(s *zmq.Socket) []any { return v(s.RecvEvent(zmq.DONTWAIT)) },
			"Recv with SNDMORE":            func(s *zmq.Socket) []any { return v(s.Recv(zmq.DONTWAIT | zmq.SNDMORE)) },
			"Recv with odd flags":          func(s *zmq.Socket) []any { return v(s.Recv(zmq.DONTWAIT | 64)) },
			"Send":                         func(s *zmq.Socket) []any { return v(s.Send("x", zmq.DONTWAIT)) },
			"Send two parts": func(s *zmq.Socket) []any {
				n, err := s.Send("x", zmq.DONTWAIT|zmq.SNDMORE)
				m, err2 := s.Send("y", zmq.DONTWAIT)
				return v(n, err, m, err2)
			},
			"SendBytes of nil":             func(s *zmq.Socket) []any { return v(s.SendBytes(nil, zmq.DONTWAIT)) },
			"Send with odd flags":          func(s *zmq.Socket) []any { return v(s.Send("x", zmq.DONTWAIT|64)) },
			"SendMessageDontwait":          func(s *zmq.Socket) []any { return v(s.SendMessageDontwait("xy", "z")) },
			"SendMessageDontwait(3 parts)": func(s *zmq.Socket) []any { return v(s.SendMessageDontwait("xy", "", "z")) },
			"SendMessage of nothing":       func(s *zmq.Socket) []any { return v(s.SendMessage()) },
			"GetEvents":                    func(s *zmq.Socket) []any { return v(s.GetEvents()) },
			"GetRcvmore":                   func(s *zmq.Socket) []any { return v(s.GetRcvmore()) },
		} {
			if r[name] == nil {
				r[name] = &results{}
			}
			soc := open(t)
			r[name].add(t.String(), call(soc)...)
			must(soc.Close())
		}
	}
	for _, name := range sorted(r) {
		say(name, r[name])
	}
}

// endpoints tries endpoints with sockets of each type. N stands for a number
// that makes them unique, DIR for a temporary folder.
func endpoints() {
	dir := got(os.MkdirTemp("", "compat"))
	defer os.RemoveAll(dir)
	hide(dir, "DIR")
	must(os.WriteFile(filepath.Join(dir, "file"), nil, 0o666))
	n := 0
	for _, endpoint := range []string{
		"", "x", ":", "://", "tcp", "tcp:", "tcp:/", "tcp://", "http://127.0.0.1:80", "TCP://127.0.0.1:*", " tcp://127.0.0.1:*",
		"tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://:*", "tcp://127.0.0.1:*", "tcp://*:*", "tcp://*", "tcp://127.0.0.1:0", "tcp://127.0.0.1:x",
		"tcp://127.0.0.1:65536", "tcp://127.0.0.1:131072", "tcp://127.0.0.1:-65536", "tcp://127.0.0.1:4294967296", "tcp://127.0.0.1:*x",
		"tcp://127.0.0.1:*:*", "tcp://127.0.0.1 :*", "tcp://256.0.0.1:*", "tcp://127.1:*", "tcp://lo:*", "tcp://nosuch0:*", "tcp://192.0.2.1:*",
		"tcp://[::1]:*", "tcp://::1:*", "tcp://[::1:*", "tcp://[127.0.0.1]:*", "tcp://127.0.0.1:*;127.0.0.1:*", "tcp://127.0.0.1:*/path",
		"tcp://127.0.0.1:*\x00", "inproc://N\x00x", "inproc://", "inproc://N", "inproc://N with spaces and \xff", "inproc://" + strings.Repeat("n", 300) + "N",
		"ipc://", "ipc://*", "ipc://DIR/N", "ipc://DIR/file/N", "ipc://DIR/nosuch/N", "ipc://DIR", "ipc://@N", "ipc://@", "ipc://DIR/" + strings.Repeat("n", 120),
		"udp://127.0.0.1:*", "udp://127.0.0.1", "ws://127.0.0.1:*", "vmci://*:*", "vsock://*:*", "tipc://nonsense", "tipc://",
		"pgm://", "epgm://", "norm://", "epgm://lo;239.192.1.1", "epgm://lo;239.192.1.1:x",
	} {
		label := quoted(endpoint)
		bind, unbind, connect, disconnect := &results{}, &results{}, &results{}, &results{}
		for _, t := range types {
			fresh := func() string {
				n++
				return strings.ReplaceAll(strings.ReplaceAll(endpoint, "DIR", dir), "N", fmt.Sprint("n", n))
			}
			soc, e := open(t), fresh()
			bind.add(t.String(), soc.Bind(e))
			unbind.add(t.String(), soc.Unbind(e), soc.Unbind(e))
			must(soc.Close())
			if strings.Contains(endpoint, "pgm://lo") || strings.Contains(endpoint, "norm") {
				continue // the same as Bind
			}
			soc, e = open(t), fresh()
			connect.add(t.String(), soc.Connect(e))
			disconnect.add(t.String(), soc.Disconnect(e), soc.Disconnect(e))
			must(soc.Close())
		}
		say("Bind "+label, bind)
		say("Unbind "+label, unbind)
		if len(connect.order) > 0 {
			say("Connect "+label, connect)
			say("Disconnect "+label, disconnect)
		}
	}
	for _, endpoint := range []string{"tcp://127.0.0.1:1", "tcp://127.0.0.1:0;127.0.0.1:1", "tcp://lo:1", "tcp://localhost:1", "tcp://[::1]:1"} {
		r := &results{}
		for _, t := range types {
			soc := open(t)
			r.add(t.String(), soc.Connect(endpoint), soc.Connect(endpoint), soc.Disconnect(endpoint))
			must(soc.Close())
		}
		say("Connect twice "+endpoint, r)
	}
}

// endpointPairs binds and connects what is bound or connected already.
func endpointPairs() {
	a, b := open(zmq.PULL), open(zmq.PULL)
	endpoint := bind(a)
	say("Bind tcp, taken", b.Bind(endpoint))
	say("Bind tcp, taken by itself", a.Bind(endpoint))
	say("Unbind tcp", a.Unbind(endpoint))
	say("Unbind tcp again", a.Unbind(endpoint))
	name := inproc()
	say("Bind inproc", a.Bind(name))
	say("Bind inproc, taken", b.Bind(name))
	say("Bind inproc, taken by itself", a.Bind(name))
	say("Unbind inproc, another's", b.Unbind(name))
	say("Disconnect what is bound", a.Disconnect(name))
	say("Unbind inproc", a.Unbind(name))
	say("Unbind inproc again", a.Unbind(name))
	say("Bind inproc when it is free again", b.Bind(name))

	dir := got(os.MkdirTemp("", "compat"))
	defer os.RemoveAll(dir)
	hide(dir, "DIR")
	path := "ipc://" + dir + "/socket"
	say("Bind ipc", a.Bind(path))
	say("Bind ipc, taken", b.Bind(path))
	say("GetLastEndpoint ipc", v(a.GetLastEndpoint())...)
	say("Unbind ipc", a.Unbind(path))

	endpoint = bind(a)
	c := open(zmq.PUSH)
	say("Connect", c.Connect(endpoint))
	say("Connect again", c.Connect(endpoint))
	say("Unbind what is connected", c.Unbind(endpoint))
	say("Disconnect", c.Disconnect(endpoint))
	say("Disconnect the second", c.Disconnect(endpoint))
	say("Disconnect a third", c.Disconnect(endpoint))
	say("Connect wildcard", c.Connect("tcp://127.0.0.1:*"))
	name = inproc()
	say("Connect inproc, nobody there", c.Connect(name))
	say("Connect inproc again", c.Connect(name))
	say("Disconnect inproc, nobody there", c.Disconnect(name))
	say("Connect inproc once more", c.Connect(name))
	d := open(zmq.PULL)
	say("Bind inproc later", d.Bind(name))
	say("Send", v(c.Send("x", 0))...)
	say("Recv", v(d.Recv(0))...)
	for _, s := range []*zmq.Socket{a, b, c, d} {
		must(s.Close())
	}

	// Sockets that do not fit.
	e, f := open(zmq.PUB), open(zmq.REQ)
	name = inproc()
	say("Bind PUB", e.Bind(name))
	say("Connect REQ to PUB", f.Connect(name))
	say("Connect to itself", e.Connect(name))
	must(e.Close())
	must(f.Close())

	var r results
	for _, t := range types {
		soc, name := open(t), inproc()
		r.add(t.String(), soc.Connect(name), soc.Disconnect(name))
		must(soc.Close())
	}
	say("Disconnect from nobody", &r)

	// A monitor changes the error of Bind.
	g, h := open(zmq.PULL), open(zmq.PULL)
	endpoint = bind(g)
	must(h.Monitor("inproc://monitor", zmq.EVENT_ALL))
	peer := open(zmq.PAIR)
	must(peer.Connect("inproc://monitor"))
	say("Bind with a monitor, taken", h.Bind(endpoint))
	say("Bind with a monitor, no such address", h.Bind("tcp://192.0.2.1:*"))
	for _, s := range []*zmq.Socket{h, g, peer} {
		must(s.Close())
	}

	router := open(zmq.ROUTER)
	must(router.SetConnectRid("peer"))
	say("Connect with a routing id", router.Connect("tcp://127.0.0.1:1"))
	say("Send to it", v(router.SendMessage("peer", "x"))...)
	say("SetConnectRid, the same", router.SetConnectRid("peer"))
	must(router.Close())
}

// useFd binds with a descriptor that listens already.
func useFd() {
	listener := got(net.Listen("tcp", "127.0.0.1:0")).(*net.TCPListener)
	file := got(listener.File())
	hide(listener.Addr().String(), "127.0.0.1:PORT")
	fd := got(syscall.Dup(int(file.Fd())))
	soc := open(zmq.PULL)
	say("SetUseFd", soc.SetUseFd(fd))
	n, err := soc.Getusefd()
	say("Getusefd", n == fd, err)
	say("Bind", soc.Bind("tcp://127.0.0.1:9"))
	n, err = soc.Getusefd()
	say("Getusefd after Bind", n == fd, err)
	push := open(zmq.PUSH)
	must(push.Connect("tcp://" + listener.Addr().String()))
	say("Send", v(push.Send("x", 0))...)
	say("Recv", v(soc.Recv(0))...)
	must(push.Close())
	must(soc.Close())
}

// multicast uses endpoints on the loopback interface only.
func multicast() {
	var r results
	for _, t := range []zmq.Type{zmq.PUSH, zmq.PULL, zmq.DEALER, zmq.REQ, zmq.STREAM} {
		soc := open(t)
		r.add(t.String(), soc.Bind("epgm://lo;239.192.1.1:5555"), soc.Connect("epgm://lo;239.192.1.1:5555"))
		must(soc.Close())
	}
	say("epgm of other types", &r)
	soc := open(zmq.PUB)
	say("no such interface", soc.Bind("epgm://nosuch0;239.192.1.1:5555"))
	must(soc.Close())
	pub, sub := open(zmq.PUB), open(zmq.SUB)
	must(sub.SetSubscribe(""))
	say("Connect", sub.Connect("epgm://127.0.0.1;239.192.1.1:5555"))
	say("Bind", pub.Bind("epgm://127.0.0.1;239.192.1.1:5555"))
	say("Unbind", pub.Unbind("epgm://127.0.0.1;239.192.1.1:5555"))
	must(pub.Close())
	must(sub.Close())
	pub = open(zmq.PUB)
	say("one computer's address", pub.Bind("epgm://127.0.0.1;127.0.0.1:5555"))
	must(pub.Close())
}
