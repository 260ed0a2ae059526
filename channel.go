// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"iter"
)

// Messages iterates over the messages that the socket receives, as
// [Socket.RecvMessageContext] returns them. It ends with an error, which it
// yields last with a nil message: that of ctx when ctx is done. To leave the
// loop early loses no message.
func (soc *Socket) Messages(ctx context.Context) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for {
			msg, err := soc.RecvMessageContext(ctx)
			if !yield(msg, err) || err != nil {
				return
			}
		}
	}
}

// A Receiver receives messages into a channel, for programs that select. See
// [Socket.Receiver].
type Receiver struct {
	// C is closed when ctx is done or a receive fails.
	C <-chan [][]byte

	done chan struct{} // closed after what follows is set
	err  error
	rest [][]byte
}

// Receiver starts to receive messages into a channel that holds up to size of
// them; 0 or less is none. It ends, with its goroutine, when ctx is done, the
// socket is closed or its context terminated.
//
// What is in the channel when ctx is done can still be taken from it, until it
// is closed; see [Receiver.Rest] for the message behind that.
func (soc *Socket) Receiver(ctx context.Context, size int) *Receiver {
	c := make(chan [][]byte, max(size, 0))
	r := &Receiver{C: c, done: make(chan struct{})}
	go func() {
		defer close(c)
		defer close(r.done)
		for msg, err := range soc.Messages(ctx) {
			if err != nil {
				r.err = err
				return
			}
			select {
			case c <- msg:
			case <-ctx.Done():
				r.rest = msg
				r.err = soc.opError("recv", ctx.Err())
				return
			}
		}
	}()
	return r
}

// Err returns why C was closed, an [*OpError], and nil before that.
func (r *Receiver) Err() error {
	select {
	case <-r.done:
		return r.err
	default:
		return nil
	}
}

// Rest returns the message that was received when ctx was done and for which
// there was no room in the channel, if there was one, and nil before C is closed.
func (r *Receiver) Rest() [][]byte {
	select {
	case <-r.done:
		return r.rest
	default:
		return nil
	}
}

// A Sender sends messages from a channel, for programs that select. See
// [Socket.Sender].
type Sender struct {
	// C takes the messages. Close it after the last one.
	C chan<- [][]byte

	done chan struct{} // closed after what follows is set
	err  error
	rest [][][]byte
}

// Sender starts to send the messages from a channel that holds up to size of
// them; 0 or less is none. It ends, with its goroutine, when the channel was
// closed and all that was in it is sent, or when ctx is done or a send fails:
// nobody takes from the channel then, so that a program that puts something in
// it should wait for [Sender.Done] as well.
func (soc *Socket) Sender(ctx context.Context, size int) *Sender {
	c := make(chan [][]byte, max(size, 0))
	s := &Sender{C: c, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for {
			select {
			case <-ctx.Done():
				s.err = soc.opError("send", ctx.Err())
			case msg, ok := <-c:
				if !ok {
					return
				}
				if _, s.err = soc.SendMessageContext(ctx, msg); s.err != nil {
					s.rest = append(s.rest, msg)
				}
			}
			if s.err != nil {
				break
			}
		}
		for {
			select {
			case msg, ok := <-c:
				if !ok {
					return
				}
				s.rest = append(s.rest, msg)
			default:
				return
			}
		}
	}()
	return s
}

// Done returns a channel that is closed when the Sender has ended.
func (s *Sender) Done() <-chan struct{} { return s.done }

// Err waits until the Sender has ended and returns why: an [*OpError], or nil
// if everything was sent.
func (s *Sender) Err() error {
	<-s.done
	return s.err
}

// Rest waits until the Sender has ended and returns the messages that it took,
// or found in the channel, and could not send.
func (s *Sender) Rest() [][][]byte {
	<-s.done
	return s.rest
}
