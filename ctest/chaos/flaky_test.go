// SPDX-License-Identifier: BSD-2-Clause

package chaos

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// A proxy is a network that is bad until it is mended.
type proxy struct {
	listener net.Listener
	to       string
	flips    bool // of bits
	mended   atomic.Bool
	wg       sync.WaitGroup

	mu    sync.Mutex
	r     *rand.Rand
	conns map[*net.TCPConn]bool
}

func newProxy(t *testing.T, r *rand.Rand, endpoint string, flips bool) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, addr := address(endpoint)
	p := &proxy{listener: l, to: addr, flips: flips, r: rand.New(rand.NewPCG(r.Uint64(), 3)), conns: make(map[*net.TCPConn]bool)}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.pass(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.reset()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) endpoint() string { return "tcp://" + p.listener.Addr().String() }

// mend makes the network good, and ends the connections that were made before.
func (p *proxy) mend() {
	p.mended.Store(true)
	p.reset()
}

func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.SetLinger(0)
		c.Close()
	}
}

func (p *proxy) keep(c *net.TCPConn, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if keep {
		p.conns[c] = true
	} else {
		delete(p.conns, c)
	}
}

func (p *proxy) random() *rand.Rand {
	p.mu.Lock()
	defer p.mu.Unlock()
	return rand.New(rand.NewPCG(p.r.Uint64(), 4))
}

// pass is one connection.
func (p *proxy) pass(from *net.TCPConn) {
	p.keep(from, true)
	defer p.keep(from, false)
	defer from.Close()
	c, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	to := c.(*net.TCPConn)
	p.keep(to, true)
	defer p.keep(to, false)
	defer to.Close()
	var wg sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{from, to}, {to, from}} {
		r := p.random()
		wg.Go(func() { p.copy(r, way[0], way[1]) })
	}
	wg.Wait()
}

// copy passes bytes on in one direction, until something happens to them.
// The pauses in this file are what the network and its clients do, not waits for something.
func (p *proxy) copy(r *rand.Rand, from, to *net.TCPConn) {
	defer from.CloseRead()
	defer to.CloseWrite()
	left := pick(r, r.IntN(64), r.IntN(300), r.IntN(20000), r.IntN(500000), 1<<30) // until it is cut
	buf := make([]byte, pick(r, 1, 7, 1000, 32<<10))
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		b := buf[:n]
		if !p.mended.Load() {
			switch r.IntN(40) {
			case 0:
				time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
			case 1:
				time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
			case 2:
				if p.flips && r.IntN(5) == 0 {
					b[r.IntN(n)] ^= 1 << r.IntN(8)
				}
			}
			if n >= left {
				to.Write(b[:left])
				if r.IntN(3) > 0 { // a reset, of one end or of both
					to.SetLinger(0)
					to.Close()
				}
				if r.IntN(3) > 0 {
					from.SetLinger(0)
					from.Close()
				}
				return
			}
			left -= n
		}
		if _, err := to.Write(b); err != nil {
			return
		}
	}
}

// message is one of several parts that tells if it was torn.
func message(r *rand.Rand, name string) [][]byte {
	msg := [][]byte{[]byte(name)}
	sum := crc32.ChecksumIEEE(msg[0])
	for range r.IntN(4) {
		part := randomBytes(r, pick(r, 0, 1, 33, 300, 9000, 70000))
		msg = append(msg, part)
		sum = crc32.Update(sum, crc32.IEEETable, part)
	}
	return append(msg, binary.BigEndian.AppendUint32(nil, sum))
}

func whole(msg [][]byte) error {
	if len(msg) < 2 {
		return fmt.Errorf("torn: %d parts", len(msg))
	}
	sum := uint32(0)
	for _, part := range msg[:len(msg)-1] {
		sum = crc32.Update(sum, crc32.IEEETable, part)
	}
	if string(msg[len(msg)-1]) != string(binary.BigEndian.AppendUint32(nil, sum)) {
		return fmt.Errorf("torn: %d parts, the first is %.20q", len(msg), msg[0])
	}
	return nil
}

// flaky has sockets talk over a bad network, which is mended in the end.
func flaky(t *testing.T, r *rand.Rand) {
	w := newWorld(t, r)
	pattern := pick(r, [2]zmq.Type{zmq.ROUTER, zmq.DEALER}, [2]zmq.Type{zmq.ROUTER, zmq.REQ}, [2]zmq.Type{zmq.REP, zmq.REQ},
		[2]zmq.Type{zmq.PUB, zmq.SUB}, [2]zmq.Type{zmq.XPUB, zmq.XSUB}, [2]zmq.Type{zmq.PULL, zmq.PUSH}, [2]zmq.Type{zmq.PUSH, zmq.PULL},
		[2]zmq.Type{zmq.DEALER, zmq.DEALER}, [2]zmq.Type{zmq.PAIR, zmq.PAIR}, [2]zmq.Type{zmq.SUB, zmq.PUB})
	t.Logf("%s, %v at the server, %v at the client", w.mechanism, pattern[0], pattern[1])
	server := w.socket(pattern[0], true)
	w.options(r, server)
	p := newProxy(t, r, w.bind(server, "tcp"), w.mechanism == "CURVE")
	if r.IntN(2) == 0 {
		w.watch(server)
	}
	var received atomic.Int64 // messages
	talk := func(r *rand.Rand, wg *sync.WaitGroup, s *zmq.Socket, client bool) {
		own := rand.New(rand.NewPCG(r.Uint64(), 5))
		wg.Go(func() { w.talk(own, s, client, &received) })
	}
	talk(r, &w.wg, server, false)

	end := time.Now().Add(time.Second)
	for range 1 + r.IntN(3) {
		own := rand.New(rand.NewPCG(r.Uint64(), 6))
		w.wg.Go(func() {
			for time.Now().Before(end) { // clients come and go
				client := w.socket(pattern[1], false)
				w.options(own, client)
				if own.IntN(3) == 0 {
					w.watch(client)
				}
				must(t, client.Connect(p.endpoint()))
				var wg sync.WaitGroup
				talk(own, &wg, client, true)
				time.Sleep(time.Duration(own.IntN(400)) * time.Millisecond)
				within(t, patience, "Disconnect and Close", func() {
					if own.IntN(3) == 0 {
						must(t, client.Disconnect(p.endpoint()))
						time.Sleep(time.Duration(own.IntN(100)) * time.Millisecond)
					}
					must(t, client.Close())
					wg.Wait()
				})
			}
		})
	}
	time.Sleep(time.Until(end))
	p.mend()
	// One more client, to which nothing may happen.
	client := w.socket(pattern[1], false)
	before := received.Load()
	must(t, client.Connect(p.endpoint()))
	talk(r, &w.wg, client, true)
	within(t, 2*patience, "after the network was mended", func() {
		for start := time.Now(); received.Load() < before+3 && pattern[0] != zmq.PAIR; time.Sleep(time.Millisecond) {
			if time.Since(start) > patience {
				t.Errorf("nothing arrives: %d messages", received.Load()-before)
				break
			}
		}
	})
	within(t, patience, "Close", func() {
		must(t, client.Close())
		must(t, server.Close())
	})
}

func (w *world) options(r *rand.Rand, s *zmq.Socket) {
	// No heartbeats: with them libzmq aborts if a connection breaks while the queue is full, or
	// the socket is about to end.
	if r.IntN(2) == 0 {
		n := 1 + r.IntN(10)
		must(w.t, s.SetSndhwm(n))
		must(w.t, s.SetRcvhwm(n))
	}
	must(w.t, s.SetReconnectIvl(pick[time.Duration](r, 1, 10, 100)*time.Millisecond))
	must(w.t, s.SetImmediate(r.IntN(3) == 0))
	if r.IntN(2) == 0 {
		must(w.t, s.SetLinger(pick[time.Duration](r, 0, 1, 20, 300)*time.Millisecond))
	}
}

// talk sends and receives whole messages until the socket is closed.
func (w *world) talk(r *rand.Rand, s *zmq.Socket, client bool, received *atomic.Int64) {
	typ, err := s.GetType()
	if err != nil {
		return
	}
	sends := typ != zmq.SUB && typ != zmq.PULL && typ != zmq.XSUB
	receives := typ != zmq.PUB && typ != zmq.PUSH
	switch typ {
	case zmq.SUB:
		err = s.SetSubscribe("n")
	case zmq.XSUB:
		_, err = s.SendBytes([]byte("\x01n"), 0)
	case zmq.REQ:
		err = s.SetReqRelaxed(1)
		if err == nil {
			err = s.SetReqCorrelate(1)
		}
	}
	if err == nil {
		err = s.SetSndtimeo(10 * time.Millisecond)
	}
	if err == nil {
		err = s.SetRcvtimeo(10 * time.Millisecond)
	}
	for i := 0; !ended(err); i++ {
		err = nil
		if sends && (client || typ != zmq.ROUTER && typ != zmq.REP) {
			if _, err = s.SendMessage(message(r, fmt.Sprintf("n %d", i))); ended(err) {
				return
			}
		}
		if !receives {
			continue
		}
		var msg [][]byte
		if msg, err = s.RecvMessageBytes(0); err != nil {
			continue
		}
		body := msg
		switch {
		case typ == zmq.XPUB: // a subscription
			continue
		case typ == zmq.ROUTER:
			body = msg[1:]
			if len(body) > 2 && len(body[0]) == 4 && len(body[1]) == 0 && !bytes.HasPrefix(body[0], []byte("n ")) {
				body = body[2:] // a REQ that correlates has sent its number and an empty part
			}
		}
		if e := whole(body); e != nil {
			w.t.Errorf("%v: %v", typ, e)
		}
		received.Add(1)
		if typ == zmq.ROUTER || typ == zmq.REP {
			_, err = s.SendMessage(msg)
		}
	}
}
