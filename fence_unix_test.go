// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package zmq4

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// rlimitNproc is RLIMIT_NPROC of Linux.
const rlimitNproc = 6

// schedFifo is SCHED_FIFO of Linux.
const schedFifo = 1

type fence struct {
	run  func(t *testing.T) error
	want error
}

// fences are calls that make libzmq abort the process. Each returns the error
// that it gets instead. They run in a process of their own.
var fences = map[string]fence{
	"policy without priority": {started(func(c *Context) error { return c.SetThreadSchedPolicy(schedFifo) }), einval},
	"no such policy":          {started(func(c *Context) error { return c.SetThreadSchedPolicy(99) }), einval},
	"no such priority": {started(func(c *Context) error {
		c.SetThreadSchedPolicy(schedFifo)
		return c.SetThreadPriority(1000)
	}), einval},
	"negative nice": {started(func(c *Context) error {
		runtime.LockOSThread()
		syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) // 19 - 20 is -1, which libzmq takes for an error
		return c.SetThreadPriority(10)
	}), Errno(syscall.EPERM)},
	"no such CPU": {started(func(c *Context) error { return c.SetThreadAffinityCpuAdd(1000) }), einval},
	"CPU out of range": {started(func(c *Context) error {
		return c.SetThreadAffinityCpuAdd(100000)
	}), einval},
	"threads without descriptors": {started(func(c *Context) error {
		limitFiles(900)
		return c.SetIoThreads(1024)
	}), Errno(syscall.EMFILE)},
	"few descriptors": {func(t *testing.T) error {
		// Somewhere between these limits libzmq can make the mailbox of its
		// first thread, but not its poller.
		for n := uint64(100); n > 3; n-- {
			limitFiles(n)
			ctx, err := NewContext()
			if err != nil {
				continue
			}
			if soc, err := ctx.NewSocket(PULL); err == nil {
				soc.Close()
			} else if err != Errno(syscall.EMFILE) {
				return err
			}
			ctx.Term()
		}
		return nil
	}, nil},
	"long SOCKS name": {func(t *testing.T) error {
		return bareSocket(t, newContext(t), PUSH).SetSocksUsername(strings.Repeat("x", 256))
	}, einval},
	"Term without room for a socket": {func(t *testing.T) error {
		ctx, err := NewContext()
		must(t, err)
		must(t, ctx.SetMaxSockets(2))
		for {
			soc, err := ctx.NewSocket(PUSH)
			if err != nil {
				return ctx.Term()
			}
			must(t, soc.SetLinger(time.Hour)) // there is no end to how long it waits
			must(t, soc.Connect("inproc://nobody"))
			_, err = soc.Send("x", 0)
			must(t, err)
			must(t, soc.Close())
		}
	}, nil},
	"meet over inproc":         {meetByInproc, nil},
	"Bind without descriptors": {bindWithoutFiles, nil},
	"contexts started at once": {func(t *testing.T) error {
		for n := uint64(20); n < 60; n++ {
			limitFiles(n)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if ctx, err := NewContext(); err == nil {
						if soc, err := ctx.NewSocket(PULL); err == nil {
							soc.Close()
						}
						ctx.Term()
					}
				})
			}
			all.Wait()
		}
		return nil
	}, nil},
	"no more threads": {func(t *testing.T) error {
		if os.Getuid() != 0 {
			t.Skip("needs root, to become somebody who has no other processes")
		}
		idleThreads(50)
		must(t, syscall.Setrlimit(rlimitNproc, &syscall.Rlimit{Cur: 1, Max: 1}))
		must(t, syscall.Setuid(64999))
		_, err := newContext(t).NewSocket(PULL)
		return err
	}, eagain},
	"DGRAM over tcp": {func(t *testing.T) error {
		return newSocket(t, newContext(t), DGRAM).Bind("tcp://127.0.0.1:*")
	}, ENOCOMPATPROTO},
	"REP with mandatory routing": {func(t *testing.T) error {
		rep, req := socketPair(t, "inproc", REP, REQ)
		if err := rep.SetRouterMandatory(1); err != nil {
			return err
		}
		must(t, rep.SetRcvtimeo(100*time.Millisecond))
		_, err := req.Send("x", 0)
		must(t, err)
		must(t, req.Close())
		_, err = rep.Recv(0)
		return err
	}, einval},
	"GSSAPI over ws": {func(t *testing.T) error {
		needHas(t, "gssapi", "WS")
		ctx := newContext(t)
		server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		must(t, server.Bind("ws://127.0.0.1:*"))
		endpoint, err := server.GetLastEndpoint()
		must(t, err)
		must(t, client.SetGssapiPrincipal("me"))
		if err := client.Connect(endpoint); err != nil {
			return err
		}
		_, err = server.Poll(POLLIN, time.Second)
		return err
	}, einval},
	"wss without a certificate": {func(t *testing.T) error {
		if !Has("WSS") {
			return einval
		}
		soc := newSocket(t, newContext(t), PULL)
		if err := soc.Bind("wss://127.0.0.1:*"); err != einval {
			return err
		}
		if HasDraft() {
			must(t, errors.Join(soc.SetWssCertPem("x"), soc.SetWssKeyPem("y")))
		}
		return soc.Bind("wss://127.0.0.1:*")
	}, einval},
	"heartbeats over ws": {func(t *testing.T) error {
		if !Has("WS") {
			return einval
		}
		soc := newSocket(t, newContext(t), PULL)
		must(t, soc.SetHeartbeatIvl(time.Second))
		if err := soc.Connect("ws://127.0.0.1:9"); err != einval {
			return err
		}
		return soc.Bind("ws://127.0.0.1:*")
	}, einval},
	"ZAP handler of another type": {func(t *testing.T) error {
		ctx := newContext(t)
		if err := newSocket(t, ctx, PULL).Monitor(zapEndpoint, EVENT_ALL); err != ENOCOMPATPROTO {
			return err
		}
		must(t, newSocket(t, ctx, ROUTER).Bind(zapEndpoint))
		return newSocket(t, newContext(t), DEALER).Bind(zapEndpoint)
	}, ENOCOMPATPROTO},
	"PLAIN without the domain that it needs": {func(t *testing.T) error {
		soc := newSocket(t, newContext(t), PULL)
		must(t, soc.SetPlainServer(1))
		if err := soc.SetZapEnforceDomain(true); err != nil {
			return einval // this libzmq does not have it
		}
		if err := soc.Connect("tcp://127.0.0.1:9"); err != einval {
			return err
		}
		err := soc.Bind("tcp://127.0.0.1:*")
		must(t, soc.SetZapDomain("x"))
		bindOn(t, soc, "tcp")
		return err
	}, einval},
	"long host name": {func(t *testing.T) error {
		soc := newSocket(t, newContext(t), PULL)
		return soc.Connect("tcp://" + strings.Repeat("x", 256) + ":1")
	}, einval},
	"long path of ws": {func(t *testing.T) error {
		if !Has("WS") {
			return einval
		}
		soc := newSocket(t, newContext(t), PULL)
		must(t, soc.Connect("ws://127.0.0.1:9/"+strings.Repeat("x", 4000)))
		return soc.Connect("ws://127.0.0.1:9/" + strings.Repeat("x", 9000))
	}, einval},
	"raw ROUTER over ws": {func(t *testing.T) error {
		if !Has("WS") {
			return ENOCOMPATPROTO
		}
		soc := newSocket(t, newContext(t), ROUTER)
		must(t, soc.SetRouterRaw(1))
		return soc.Bind("ws://127.0.0.1:*")
	}, ENOCOMPATPROTO},
	"raw ROUTER over inproc": {func(t *testing.T) error {
		ctx := newContext(t)
		soc, peer := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER)
		must(t, soc.SetRouterRaw(1))
		if err := soc.Bind("inproc://raw"); err != nil {
			return err
		}
		must(t, peer.Connect("inproc://raw"))
		send(t, peer, "one", "two", "three")
		send(t, peer, "one", "two", "three")
		m, err := soc.RecvMessage(0)
		must(t, err)
		soc.GetEvents()
		send(t, soc, m[0], "")
		_, err = soc.RecvMessage(DONTWAIT)
		return err
	}, ENOCOMPATPROTO},
	"DGRAM without an endpoint": {func(t *testing.T) error {
		soc := newSocket(t, newContext(t), DGRAM)
		_, err := soc.SendMessageDontwait("127.0.0.1:9", "x")
		return err
	}, eagain},
	"large datagram": {func(t *testing.T) error {
		soc := newSocket(t, newContext(t), DGRAM)
		must(t, soc.Bind("udp://127.0.0.1:*"))
		_, err := soc.SendMessage("127.0.0.1:9", make([]byte, 1<<20))
		return err
	}, EMSGSIZE},
	"priority that is not permitted": {func(t *testing.T) error {
		needDraft(t)
		if os.Getuid() == 0 {
			must(t, syscall.Setuid(65534)) // root may
		}
		return bareSocket(t, newContext(t), PUSH).SetPriority(7)
	}, Errno(syscall.EPERM)},
	"no such device for udp":        {noDevice(DISH, (*Socket).Bind, "udp://127.0.0.1:*"), Errno(syscall.ENODEV)},
	"no such device for udp, DGRAM": {noDevice(DGRAM, (*Socket).Bind, "udp://127.0.0.1:*"), Errno(syscall.ENODEV)},
	"no such device for udp, RADIO": {noDevice(RADIO, (*Socket).Connect, "udp://127.0.0.1:9"), Errno(syscall.ENODEV)},
	"long group": {func(t *testing.T) error {
		needDraft(t)
		ctx := newContext(t)
		radio := newSocket(t, ctx, RADIO)
		endpoint := bindOn(t, radio, "inproc")
		group := strings.Repeat("g", 100)
		var dishes []*Socket
		for range 3 {
			dish := newSocket(t, ctx, DISH)
			must(t, dish.Join(group))
			must(t, dish.Connect(endpoint))
			dishes = append(dishes, dish)
		}
		if _, err := radio.GetEvents(); err != nil { // takes the subscriptions
			return err
		}
		for range 1000 {
			if _, err := radio.SendBytesWithOpts([]byte("x"), 0, OptGroup(group)); err != nil {
				return err
			}
			for _, dish := range dishes {
				if _, err := dish.Recv(0); err != nil { // and frees the group, once more
					return err
				}
			}
		}
		return nil
	}, einval},
	"use closed descriptor": {useFd("tcp://127.0.0.1:*", func(*testing.T) int { return 777 }), Errno(syscall.EBADF)},
	"use file": {useFd("tcp://127.0.0.1:*", func(*testing.T) int {
		fd, _ := syscall.Open("/dev/null", syscall.O_RDONLY, 0)
		return fd
	}), ENOTSOCK},
	"use pipe": {useFd("tcp://127.0.0.1:*", func(*testing.T) int {
		var p [2]int
		syscall.Pipe(p[:])
		return p[0]
	}), ENOTSOCK},
	"use socket that does not listen": {useFd("tcp://127.0.0.1:*", func(*testing.T) int {
		fd, _ := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		return fd
	}), einval},
	"use unix listener for tcp": {useFd("tcp://127.0.0.1:*", func(t *testing.T) int {
		l, err := net.Listen("unix", t.TempDir()+"/s")
		must(t, err)
		return dupFd(t, l)
	}), einval},
	"use tcp listener for ipc": {useFd("ipc:///tmp/never", func(t *testing.T) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		return dupFd(t, l)
	}), einval},
	"use descriptor twice": {func(t *testing.T) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		soc := timedSocket(t, newContext(t), PULL)
		soc.SetUseFd(dupFd(t, l))
		for range 2 {
			if err := soc.Bind("tcp://127.0.0.1:*"); err != nil {
				return err
			}
		}
		return nil
	}, nil},
	"routing id twice":         {routingID(ROUTER, func(*Socket, string) {}), EADDRINUSE},
	"routing id twice, STREAM": {routingID(STREAM, func(*Socket, string) {}), EADDRINUSE},
	"routing id disconnected":  {routingID(ROUTER, func(soc *Socket, endpoint string) { soc.Disconnect(endpoint) }), EADDRINUSE},
	"routing id disconnected before": {routingID(ROUTER, func(soc *Socket, endpoint string) {
		soc.Disconnect(endpoint)
		soc.SetRcvtimeo(ridRest + 200*time.Millisecond)
		soc.Recv(0)
	}), nil},
	"routing id of a peer": {peerID(ROUTER, func(_ *testing.T, _, peer *Socket) {}), EADDRINUSE},
	"long group from a peer": {func(t *testing.T) error {
		needDraft(t)
		ctx := newContext(t)
		for _, bind := range []bool{true, false} {
			for _, command := range []string{"\x04JOIN", "\x05LEAVE"} {
				radio := newSocket(t, ctx, RADIO)
				l, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				var c net.Conn
				if bind {
					c, err = net.Dial("tcp", strings.TrimPrefix(bindOn(t, radio, "tcp"), "tcp://"))
				} else {
					must(t, radio.Connect("tcp://"+l.Addr().String()))
					c, err = l.Accept()
				}
				must(t, err)
				must(t, c.SetReadDeadline(time.Now().Add(patience)))
				greetZmtp(t, c, 1, "DISH")
				for read := ""; !strings.Contains(read, "READY"); {
					b := make([]byte, 1000)
					n, err := c.Read(b)
					must(t, err)
					read += string(b[:n])
				}
				body := command + strings.Repeat("g", 256)
				c.Write([]byte("\x06\x00\x00\x00\x00\x00\x00\x01" + string([]byte{byte(len(body))}) + body))
				for err == nil { // until it is cut off
					_, err = c.Read(make([]byte, 1000))
				}
				if errors.Is(err, os.ErrDeadlineExceeded) {
					return err
				}
				c.Close()
				l.Close()
			}
		}
		return nil
	}, nil},
	"routing id of a client of REP": {peerID(REP, func(*testing.T, *Socket, *Socket) {}), nil},
	"hops":                          {multicast(PUB, func(soc *Socket) error { return soc.SetMulticastHops(256) }), einval},
	"packet small":                  {multicast(SUB, func(soc *Socket) error { return soc.SetMulticastMaxtpdu(1) }), einval},
	"packet large":                  {multicast(SUB, func(soc *Socket) error { return soc.SetMulticastMaxtpdu(65536) }), einval},
	"packet to rate":                {multicast(PUB, func(soc *Socket) error { return soc.SetMulticastMaxtpdu(65535) }), einval},
	"rate low":                      {multicast(PUB, func(soc *Socket) error { return soc.SetRate(1) }), einval},
	"rate wraps":                    {multicast(PUB, func(soc *Socket) error { return soc.SetRate(4294968) }), einval},
	"window": {multicast(SUB, func(soc *Socket) error {
		soc.SetRate(2147483)
		return soc.SetRecoveryIvl(maxInt32ms)
	}), einval},
	"multicast as it is": {multicast(PUB, func(soc *Socket) error { return nil }), nil},
}

// meetByInproc lets sockets of all types wait for those of all types, with the least
// room in their queues, and much that is sent as soon as they meet.
func meetByInproc(t *testing.T) error {
	ctx := newContext(t)
	must(t, ctx.SetMaxSockets(10000))
	types := []Type{REQ, REP, DEALER, ROUTER, PUB, SUB, XPUB, XSUB, PUSH, PULL, PAIR}
	if HasDraft() {
		types = append(types, SERVER, CLIENT, RADIO, DISH, GATHER, SCATTER, PEER, CHANNEL)
	}
	hello := func(soc *Socket) {
		soc.SetSndhwm(1)
		soc.SetRcvhwm(1)
		soc.SetXpubWelcomeMsg("welcome")
		soc.SetProbeRouter(1)
		for i := range 10 {
			soc.SetSubscribe(fmt.Sprint(i))
			soc.Join(fmt.Sprint(i))
			if soc.s.typ == XSUB {
				soc.SendMessageDontwait(fmt.Sprint("\x01", i))
			}
		}
	}
	for _, typ := range types {
		for _, peer := range types {
			for _, conflate := range []bool{false, true} {
				endpoint := fmt.Sprint("inproc://", typ, peer, conflate)
				var sockets []*Socket
				open := func(typ Type) *Socket {
					soc := bareSocket(t, ctx, typ)
					must(t, soc.SetConflate(conflate))
					hello(soc)
					sockets = append(sockets, soc)
					return soc
				}
				for i := range 4 {
					soc := open(typ)
					must(t, soc.Connect(endpoint))
					if i%2 == 0 {
						soc.SendMessageDontwait("sent", "before")
						must(t, soc.Close())
					}
				}
				bound := open(peer)
				err := bound.Bind(endpoint)
				refuses := slices.Contains([]Type{PAIR, SUB, XSUB}, peer)
				if want := refuses && (typ == ROUTER || typ == REP) || !inprocPeers(typ, peer); (err == ENOCOMPATPROTO) != want || err != nil && !want {
					t.Errorf("%v binds what %v waits for: %v", peer, typ, err)
				}
				open(typ).Connect(endpoint)
				for _, soc := range sockets {
					soc.GetEvents()
					soc.RecvMessage(DONTWAIT)
					soc.SendMessageDontwait("sent")
				}
				for _, soc := range sockets {
					must(t, soc.Close())
				}
			}
		}
	}
	return nil
}

// bindWithoutFiles binds, connects and ends both with ever fewer descriptors left.
func bindWithoutFiles(t *testing.T) error {
	ctx := newContext(t)
	soc, listener := newSocket(t, ctx, DEALER), newSocket(t, ctx, ROUTER)
	endpoint := bindOn(t, listener, "tcp")
	fd, err := syscall.Open("/", syscall.O_RDONLY, 0)
	must(t, err)
	limitFiles(uint64(fd) + 12)
	dir := t.TempDir()
	for full := 0; full < 20; {
		if _, err := syscall.Open("/", syscall.O_RDONLY, 0); err != nil {
			full++ // till what was closed in the background is used up, too
		}
		errs := []error{
			soc.Connect("tcp://127.0.0.1:0;" + endpoint[len("tcp://"):]), soc.Disconnect("tcp://localhost:1"),
			listener.Unbind("tcp://localhost:2"), soc.Connect(endpoint), soc.Disconnect(endpoint),
		}
		for _, e := range []string{"tcp://127.0.0.1:*", "tcp://localhost:*", "tcp://*:*", "ipc://" + dir + "/s"} {
			err := listener.Bind(e)
			if errs = append(errs, err); err == nil {
				last, err := listener.GetLastEndpoint()
				must(t, err)
				errs = append(errs, listener.Unbind(last))
			}
		}
		for i, err := range errs {
			if err != nil && err != emfile && err != Errno(syscall.ENOENT) && err != Errno(syscall.ENODEV) {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	}
	return nil
}

// idleThreads makes Go have n threads to spare: it aborts if it needs one and cannot make it.
func idleThreads(n int) {
	var running, all sync.WaitGroup
	running.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			running.Done()
			running.Wait()
		})
	}
	all.Wait()
}

// started sets options of a context and starts it.
func started(set func(*Context) error) func(*testing.T) error {
	return func(t *testing.T) error {
		ctx := newContext(t)
		if err := set(ctx); err != nil {
			return err
		}
		soc, err := ctx.NewSocket(PULL)
		if err == nil {
			soc.Close()
		}
		return err
	}
}

// useFd binds to a descriptor, and waits until an I/O thread has had a look at it.
func useFd(endpoint string, fd func(*testing.T) int) func(*testing.T) error {
	return func(t *testing.T) error {
		ctx := newContext(t)
		soc := timedSocket(t, ctx, PULL)
		if err := soc.SetUseFd(fd(t)); err != nil {
			return err
		}
		if err := soc.Bind(endpoint); err != nil {
			return err
		}
		soc.SetRcvtimeo(300 * time.Millisecond)
		_, err := soc.Recv(0)
		return fmt.Errorf("bound, %w", err)
	}
}

// routingID gives one routing id to the peers of two connections.
func routingID(typ Type, between func(soc *Socket, endpoint string)) func(*testing.T) error {
	return func(t *testing.T) error {
		soc := timedSocket(t, newContext(t), typ)
		if err := errors.Join(soc.SetConnectRid("id"), soc.SetConnectRid("id"), soc.Connect("tcp://127.0.0.1:9")); err != nil {
			return err
		}
		between(soc, "tcp://127.0.0.1:9")
		if err := soc.SetConnectRid("id"); err != nil {
			return err
		}
		if err := soc.Connect("tcp://127.0.0.1:9"); err != nil {
			return fmt.Errorf("second Connect: %w", err)
		}
		return nil
	}
}

// peerID gives the routing id that a peer has chosen to another one.
func peerID(typ Type, between func(t *testing.T, soc, peer *Socket)) func(*testing.T) error {
	return func(t *testing.T) error {
		ctx := newContext(t)
		soc, peer, other := newSocket(t, ctx, typ), newSocket(t, ctx, DEALER), newSocket(t, ctx, ROUTER)
		must(t, peer.SetIdentity("id"))
		must(t, peer.Connect(bindOn(t, soc, "tcp")))
		_, err := peer.SendMessage("", "hello")
		must(t, err)
		_, err = soc.RecvMessage(0)
		must(t, err)
		between(t, soc, peer)
		must(t, soc.SetConnectRid("id"))
		if err := soc.Connect(bindOn(t, other, "tcp")); err != nil || typ == REP {
			return err
		}
		n := 0
		for must(t, soc.SetRcvtimeo(0)); ; n++ { // nothing was lost
			if _, err := soc.RecvMessage(0); err != nil {
				break
			}
		}
		if n != 10 {
			return fmt.Errorf("%d messages", n)
		}
		must(t, other.SetRcvtimeo(patience))
		if _, err := soc.SendMessage("id", "hello"); err != nil {
			return err
		}
		_, err = other.RecvMessage(0)
		return err
	}
}

// multicast connects to a group on loopback, and sends.
func multicast(typ Type, set func(*Socket) error) func(*testing.T) error {
	return func(t *testing.T) error {
		soc := timedSocket(t, newContext(t), typ)
		if err := set(soc); err != nil {
			return err
		}
		needHas(t, "pgm")
		if err := soc.Connect("epgm://127.0.0.1;239.192.1.1:5599"); err != nil {
			return err
		}
		soc.Send("x", DONTWAIT)
		soc.SetRcvtimeo(300 * time.Millisecond)
		soc.Recv(0)
		return nil
	}
}

// noDevice attaches a socket that is to be bound to a device that is not there.
func noDevice(typ Type, attach func(*Socket, string) error, endpoint string) func(t *testing.T) error {
	return func(t *testing.T) error {
		needDraft(t)
		if runtime.GOOS != "linux" {
			t.Skip("depends on the system")
		}
		soc := newSocket(t, newContext(t), typ)
		must(t, soc.SetBindToDevice("no-such-device"))
		return attach(soc, endpoint)
	}
}

// TestFence runs each of the fences in a new process, for it dies if the fence
// does not hold.
func TestFence(t *testing.T) {
	for name, fence := range fences {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" && (strings.Contains(name, "CPU") || strings.Contains(name, "policy") || strings.Contains(name, "permitted") || strings.Contains(name, "threads")) {
				t.Skip("depends on the system")
			}
			inChild(t, func(t *testing.T) {
				var files syscall.Rlimit
				must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
				if err := fence.run(t); err != fence.want {
					t.Errorf("error %v, want %v", err, fence.want)
				}
				must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files)) // what is measured is written to files
			})
		})
	}
}
