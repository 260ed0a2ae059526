// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A canceller ends calls at random moments before and behind the one at which
// they would end by themselves, which it learns from those that did.
type canceller struct {
	r     *rand.Rand
	delay float64 // mean, in nanoseconds
	jobs  chan func()
}

func newCanceller(r *rand.Rand) *canceller {
	c := &canceller{r: r, delay: 1000, jobs: make(chan func())}
	go func() {
		for job := range c.jobs {
			job()
		}
	}()
	return c
}

func (c *canceller) stop() { close(c.jobs) }

// call returns whether f, which has to return the error of what it did with the
// context, was cancelled.
func (c *canceller) call(f func(context.Context) error) (cancelled bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	delay := time.Duration(c.delay * 2 * c.r.Float64())
	c.jobs <- func() {
		for start := time.Now(); time.Since(start) < delay; runtime.Gosched() {
		}
		cancel()
	}
	err = f(ctx)
	if cancelled = errors.Is(err, context.Canceled); cancelled {
		err = nil
		c.delay = min(c.delay*1.05, 50_000)
	} else {
		c.delay = max(c.delay/1.05, 100)
	}
	return cancelled, err
}

// A cancelTorture sends messages from a PUSH to a PULL, by calls that are
// cancelled again and again.
type cancelTorture struct {
	ledger
	push, pull        *Socket
	multipart         bool
	ordered           bool // by one goroutine on either side
	sends, receives   atomic.Int64
	stop, sendersDone atomic.Bool
}

// message makes the message of a number, the same one each time.
func (c *cancelTorture) message(sender, number uint32) [][]byte {
	r := rand.New(rand.NewPCG(uint64(sender), uint64(number)))
	if c.multipart {
		return tortureMessage(r, sender, number)
	}
	return partsMessage(r, sender, number, 0)
}

func (c *cancelTorture) send(seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 20))
	by := newCanceller(r)
	defer by.stop()
	sender := c.senders.Add(1)
	for next := uint32(0); !c.stop.Load(); c.progress.Add(1) {
		msgs := make([][][]byte, 1)
		way := r.IntN(4)
		if way > 1 {
			msgs = make([][][]byte, 1+r.IntN(20))
		}
		for i := range msgs {
			msgs[i] = c.message(sender, next+uint32(i))
		}
		n := 0
		cancelled, err := by.call(func(ctx context.Context) (err error) {
			switch {
			case way == 0 && !c.multipart:
				_, err = c.push.SendBytesContext(ctx, msgs[0][0], 0)
			case way < 2:
				_, err = c.push.SendMessageContext(ctx, msgs[0])
			case way == 2:
				var b Batch
				for _, msg := range msgs {
					b.Append(msg...)
				}
				n, err = c.push.SendBatch(ctx, &b)
				return err
			default:
				n, err = sendByChannel(c.push, ctx, r.IntN(5), msgs)
				return err
			}
			if err == nil {
				n = 1
			}
			return err
		})
		if err != nil {
			return err
		}
		if cancelled {
			c.sends.Add(1)
		}
		if n < len(msgs) && !cancelled || n > 0 && len(msgs) == 1 && cancelled && way != 3 {
			return fmt.Errorf("%d of %d messages sent, cancelled is %v", n, len(msgs), cancelled)
		}
		c.sent.Add(int64(n))
		next += uint32(n)
	}
	return nil
}

// sendByChannel returns how many messages were sent by a Sender.
func sendByChannel(soc *Socket, ctx context.Context, size int, msgs [][][]byte) (n int, err error) {
	s := soc.Sender(ctx, size)
	for _, msg := range msgs {
		select {
		case s.C <- msg:
			n++
			continue
		case <-s.Done():
		}
		break
	}
	close(s.C)
	rest := s.Rest()
	n -= len(rest)
	for i, msg := range rest {
		if &msg[0] != &msgs[n+i][0] {
			return n, fmt.Errorf("message %d of the rest of a Sender is %s", i, short(msg))
		}
	}
	return n, s.Err()
}

func (c *cancelTorture) receive(seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 21))
	by := newCanceller(r)
	defer by.stop()
	last := map[uint32]uint32{}
	arrived := func(msg [][]byte) error {
		sender, number, err := tortureCheck(msg)
		if err != nil {
			return err
		}
		if !c.arrived(sender, number) {
			return fmt.Errorf("message %d of sender %d came twice", number, sender)
		}
		if c.ordered && number != last[sender] {
			return fmt.Errorf("message %d of sender %d came instead of %d", number, sender, last[sender])
		}
		last[sender] = number + 1
		return nil
	}
	for ; !c.sendersDone.Load() || c.arrivals() < c.sent.Load(); c.progress.Add(1) {
		cancelled, err := by.call(func(ctx context.Context) (err error) {
			var msgs [][][]byte
			switch way := r.IntN(5); {
			case way == 0 && !c.multipart:
				var b []byte
				if b, err = c.pull.RecvBytesContext(ctx, 0); err == nil {
					msgs = [][][]byte{{b}}
				}
			case way < 2:
				var msg [][]byte
				if msg, err = c.pull.RecvMessageBytesContext(ctx); err == nil {
					msgs = [][][]byte{msg}
				}
			case way == 2:
				var b Batch
				_, err = c.pull.RecvBatch(ctx, &b, 1+r.IntN(20))
				for _, m := range b.All() {
					var msg [][]byte
					for _, p := range m.Parts() {
						msg = append(msg, slices.Clone(p))
					}
					msgs = append(msgs, msg)
				}
			case way == 3:
				for msg, e := range c.pull.Messages(ctx) {
					if err = e; err != nil {
						break
					}
					if msgs = append(msgs, msg); r.IntN(10) == 0 {
						break
					}
				}
			default:
				msgs, err = receiveByChannel(c.pull, ctx, r.IntN(5))
			}
			for _, msg := range msgs {
				if bad := arrived(msg); bad != nil {
					return bad
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		if cancelled {
			c.receives.Add(1)
		}
	}
	return nil
}

// receiveByChannel receives by a Receiver until that ends.
func receiveByChannel(soc *Socket, ctx context.Context, size int) (msgs [][][]byte, err error) {
	r := soc.Receiver(ctx, size)
	for msg := range r.C {
		msgs = append(msgs, msg)
	}
	if rest := r.Rest(); rest != nil {
		msgs = append(msgs, rest)
	}
	return msgs, r.Err()
}

// TestTortureCancel cancels sends and receives at every point that they have:
// no message may be lost, doubled, torn or, where that can be told, overtaken.
func TestTortureCancel(t *testing.T) {
	want := int64(4000)
	if *tortureFlag > 0 {
		want = 240_000
	} else if testing.Short() {
		want = 800
	}
	var total int64
	for _, transport := range []string{"inproc", "tcp"} {
		for _, multipart := range []bool{false, true} {
			for _, goroutines := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s/multipart=%v/%d", transport, multipart, goroutines), func(t *testing.T) {
					c := &cancelTorture{ledger: ledger{seen: map[[2]uint32]bool{}}, multipart: multipart, ordered: goroutines == 1}
					ctx := newContext(t)
					c.pull, c.push = newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
					for _, soc := range []*Socket{c.pull, c.push} {
						must(t, errors.Join(soc.SetSndhwm(3), soc.SetRcvhwm(3), soc.SetSndbuf(4096), soc.SetRcvbuf(4096)))
					}
					must(t, c.push.Connect(bindOn(t, c.pull, transport)))
					c.run(t, goroutines, want/8)
					total += c.sends.Load() + c.receives.Load()
				})
			}
		}
	}
	t.Logf("%d calls cancelled", total)
	if total < want {
		t.Errorf("%d calls cancelled, want %d", total, want)
	}
}

// run goes on until some calls have been cancelled, a good part of either kind.
func (c *cancelTorture) run(t *testing.T, goroutines int, cancels int64) {
	var sending, receiving sync.WaitGroup
	try := func(f func(uint64) error, seed int) {
		if err := f(uint64(seed)); err != nil {
			t.Error(err)
			c.stop.Store(true)
		}
	}
	for i := range goroutines {
		sending.Go(func() { try(c.send, i) })
		receiving.Go(func() { try(c.receive, i) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !c.stop.Load() {
			runtime.Gosched()
			s, r := c.sends.Load(), c.receives.Load()
			if s+r >= cancels && min(s, r) >= cancels/10 {
				c.stop.Store(true)
			}
		}
		sending.Wait()
		c.sendersDone.Store(true)
		receiving.Wait()
	}()
	watch(t, &c.progress, done)
	if sent, arrived := c.sent.Load(), c.arrivals(); sent != arrived {
		t.Errorf("%d messages sent, %d received", sent, arrived)
	}
	if msg, err := c.pull.RecvMessage(DONTWAIT); err != eagain {
		t.Errorf("one more: %s, %v", short(msg), err)
	}
	t.Logf("%d sends and %d receives cancelled, %d messages", c.sends.Load(), c.receives.Load(), c.sent.Load())
}
