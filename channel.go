// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"iter"
	"math"
)

// Messages iterates over the messages that the socket receives, as
// [Socket.RecvMessageBytesContext] returns them. It ends with an error, which
// comes last, with a nil message. When ctx is done, that is the error of ctx.
//
// While the loop runs, the socket takes up to 64 messages from libzmq in one
// call, as after [Socket.SetReceiveAhead], but not more than
// [Socket.SetRcvhwm] allows. Leaving the loop early loses nothing: the next
// receives return the messages that the loop did not get to.
func (soc *Socket) Messages(ctx context.Context) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		if soc != nil && soc.s != nil {
			soc.s.beginLoop()
			defer soc.s.endLoop()
		}
		for {
			msg, err := soc.RecvMessageBytesContext(ctx)
			if !yield(msg, err) || err != nil {
				return
			}
		}
	}
}

// A Receiver receives messages into a channel, for programs that select. See
// [Socket.Receiver].
//
//	in := socket.Receiver(ctx, 100)
//	for {
//		select {
//		case msg, ok := <-in.C:
//			if !ok {
//				return in.Err()
//			}
//			fmt.Printf("%q\n", msg)
//		case <-time.After(time.Minute):
//			fmt.Println("nothing for a minute")
//		}
//	}
type Receiver struct {
	// C has the messages. It is closed when the Receiver ends.
	C <-chan [][]byte

	done chan struct{} // closed after what follows is set, and before C is
	err  error
	rest [][]byte
}

// Receiver starts a goroutine that receives messages into a channel, which
// holds up to size of them. A size of 0 or less makes an unbuffered channel.
// It ends when ctx is done, the socket is closed or its context is
// terminated.
//
// The program can still receive the messages that are in the channel by then.
// The channel is closed after them. See [Receiver.Rest] for one more message.
func (soc *Socket) Receiver(ctx context.Context, size int) *Receiver {
	c := make(chan [][]byte, max(size, 0))
	r := &Receiver{C: c, done: make(chan struct{})}
	go func() {
		defer close(c)
		defer close(r.done)
		r.err = r.run(ctx, soc, c)
	}()
	return r
}

// run receives until that fails or nobody takes the next message in time, and returns why.
func (r *Receiver) run(ctx context.Context, soc *Socket, c chan<- [][]byte) error {
	gone, down, err := soc.ends()
	if err != nil {
		return soc.opError("recv", err)
	}
	for msg, err := range soc.Messages(ctx) {
		if err != nil {
			return err
		}
		select {
		case c <- msg:
			continue
		default: // only without room does it matter whether to go on
		}
		select {
		case c <- msg:
		case <-gone:
			err = ErrorSocketClosed
		case <-down:
			err = ETERM
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			r.rest = msg
			return soc.opError("recv", err)
		}
	}
	return nil
}

// Done returns a channel that is closed when the Receiver has ended.
func (r *Receiver) Done() <-chan struct{} { return r.done }

// Err waits until the Receiver has ended and returns why, an [*OpError].
func (r *Receiver) Err() error {
	<-r.done
	return r.err
}

// Rest waits until the Receiver has ended. It returns the message that was
// received and did not fit into the channel any more, or nil.
func (r *Receiver) Rest() [][]byte {
	<-r.done
	return r.rest
}

// A Sender sends messages from a channel, for programs that select. See
// [Socket.Sender].
type Sender struct {
	// C takes the messages. Close it after the last one.
	C chan<- [][]byte

	c    <-chan [][]byte // the same
	done chan struct{}   // closed after err is set
	err  error

	mu   channelLock // for rest, once done is closed
	rest [][][]byte
}

// Sender starts a goroutine that sends messages from a channel, which holds
// up to size of them. A size of 0 or less makes an unbuffered channel. It
// takes up to 64 messages from the channel at a time, and sends them in few
// calls into libzmq.
//
// It ends when the program has closed the channel and all messages are sent.
// It also ends when ctx is done, the socket is closed, its context is
// terminated, or a send fails. Then nobody receives from the channel any
// more: a program that sends to the channel should also select on
// [Sender.Done]. [Sender.Rest] returns the messages that were not sent.
func (soc *Socket) Sender(ctx context.Context, size int) *Sender {
	c := make(chan [][]byte, max(size, 0))
	s := &Sender{C: c, c: c, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		gone, down, err := soc.ends()
		s.err = soc.opError("send", err)
		var b Batch
		var msgs [][][]byte
		for s.err == nil {
			select {
			case <-gone:
				s.err = soc.opError("send", ErrorSocketClosed)
			case <-down:
				s.err = soc.opError("send", ETERM)
			case <-ctx.Done():
				s.err = soc.opError("send", ctx.Err())
			case msg, ok := <-c:
				if !ok {
					return
				}
				msgs = takeQueued(append(msgs[:0], msg), c, min(cap(c), maxTaken))
				var n int
				n, s.err = soc.sendEach(ctx, msgs, &b)
				s.rest = append(s.rest, msgs[n:]...)
				clear(msgs)
			}
		}
	}()
	return s
}

// ends returns channels that are closed when the socket is closed, and when its context
// is terminated.
func (soc *Socket) ends() (gone, down <-chan struct{}, err error) {
	if soc == nil || soc.s == nil {
		return nil, nil, ErrorSocketClosed
	}
	gone, err = soc.s.goneChan()
	return gone, soc.s.ctx.c.down, err
}

// maxTaken is how many messages a Sender takes at a time behind the first one.
const maxTaken = 63

// takeQueued appends up to max messages that are in a channel.
func takeQueued(msgs [][][]byte, c <-chan [][]byte, max int) [][][]byte {
	for range max {
		select {
		case msg, ok := <-c:
			if !ok {
				return msgs
			}
			msgs = append(msgs, msg)
		default:
			return msgs
		}
	}
	return msgs
}

// sendEach sends messages in order and returns how many were sent. Those that
// are small are sent in a batch.
func (soc *Socket) sendEach(ctx context.Context, msgs [][][]byte, b *Batch) (n int, err error) {
	for n < len(msgs) && err == nil {
		b.Reset()
		for _, msg := range msgs[n:] {
			if !fitsBatch(msg) {
				break
			}
			b.Append(msg...)
		}
		if b.Len() > 1 {
			var sent int
			sent, err = soc.SendBatch(ctx, b)
			n += sent
		} else if _, err = soc.SendPartsContext(ctx, msgs[n]...); err == nil {
			n++
		}
	}
	return n, err
}

// fitsBatch reports whether a message is better copied than pinned.
func fitsBatch(msg [][]byte) bool {
	size := 0
	for _, part := range msg {
		size += len(part)
	}
	return size < gather && len(msg) > 0
}

// Done returns a channel that is closed when the Sender has ended.
func (s *Sender) Done() <-chan struct{} { return s.done }

// Err waits until the Sender has ended and returns why: an [*OpError], or nil
// if everything was sent.
func (s *Sender) Err() error {
	<-s.done
	return s.err
}

// Rest waits until the Sender has ended. It returns the messages that it took
// and could not send, followed by those in the channel. A later call may
// return more, if the program still puts messages into the channel.
func (s *Sender) Rest() [][][]byte {
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = takeQueued(s.rest, s.c, math.MaxInt)
	return s.rest
}
