// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed45097122/zmq4"
)

// patience is how long a socket waits for one message before it is lost.
const patience = 10 * time.Second

// An exchange is one run of a pattern over a transport, in a context of its own.
type exchange struct {
	transport transport
	n, size   int
	dir       string // for files

	ctx     *zmq4.Context
	content []byte
	checked atomic.Int64 // messages that arrived as they should
	begun   time.Time
	elapsed time.Duration

	wg      sync.WaitGroup
	mu      sync.Mutex
	sockets []*zmq4.Socket
	err     error
}

// perform runs a pattern and cleans up behind it. It ends early when ctx is done.
func (x *exchange) perform(ctx context.Context, pattern func(*exchange) error) (err error) {
	x.content = make([]byte, x.size+256)
	for i := range x.content {
		x.content[i] = byte(rand.Uint32())
	}
	if x.ctx, err = zmq4.NewContext(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { x.fail(ctx.Err()) })()
	x.begun = time.Now()
	err = pattern(x)
	x.fail(err) // what was begun ends too
	x.wg.Wait()
	x.elapsed = time.Since(x.begun)
	for _, soc := range x.sockets {
		x.fail(soc.Close())
	}
	x.fail(x.term())
	return x.err
}

// term ends the context, but does not wait for ever for an I/O thread that
// got stuck.
func (x *exchange) term() error {
	done := make(chan error, 1)
	go func() { done <- x.ctx.Term() }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errors.New("the context does not end")
	}
}

// begin starts a part of the pattern in a goroutine.
func (x *exchange) begin(part func() error) {
	x.wg.Add(1)
	go func() {
		defer x.wg.Done()
		x.fail(part())
	}()
}

// fail takes note of the first error, and closes all sockets so that every
// other goroutine ends too.
func (x *exchange) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil || x.err != nil {
		return
	}
	x.err = err
	for _, soc := range x.sockets {
		soc.Close() // the first error is the one to tell
	}
}

// socket makes a socket that perform closes.
func (x *exchange) socket(t zmq4.Type) (*zmq4.Socket, error) {
	soc, err := x.ctx.NewSocket(t)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	x.sockets = append(x.sockets, soc)
	err = x.err // of one that has ended already
	x.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return soc, errors.Join(
		soc.SetLinger(0), // by then, all that was sent has arrived
		soc.SetRcvtimeo(patience),
		soc.SetSndtimeo(patience),
	)
}

// pair makes two connected sockets.
func (x *exchange) pair(bound, connected zmq4.Type) (b, c *zmq4.Socket, err error) {
	if b, err = x.socket(bound); err != nil {
		return nil, nil, err
	}
	if c, err = x.socket(connected); err != nil {
		return nil, nil, err
	}
	return b, c, x.connect(b, c)
}

// connect binds b and connects c to it.
func (x *exchange) connect(b, c *zmq4.Socket) error {
	if err := x.transport.secure(b, c); err != nil {
		return err
	}
	endpoint, err := x.transport.endpoint(x.dir)
	if err != nil {
		return err
	}
	if err := b.Bind(endpoint); err != nil {
		return fmt.Errorf("bind %s: %w", endpoint, err)
	}
	if endpoint, err = b.GetLastEndpoint(); err != nil {
		return err
	}
	if err := c.Connect(endpoint); err != nil {
		return fmt.Errorf("connect %s: %w", endpoint, err)
	}
	x.begun = time.Now()
	return nil
}

// minSize is the size of the number that each message begins with.
const minSize = 8

// message makes message number i in buf: the number, then bytes that depend on it.
func (x *exchange) message(buf []byte, i int) []byte {
	buf = binary.BigEndian.AppendUint64(buf[:0], uint64(i))
	return append(buf, x.content[i&255:][:x.size-minSize]...)
}

// check counts a message if it is number i, and whole.
func (x *exchange) check(msg []byte, i int) error {
	switch {
	case len(msg) != x.size:
		return fmt.Errorf("message %d has %d bytes, not %d", i, len(msg), x.size)
	case number(msg) != i:
		return fmt.Errorf("message %d came, not %d", number(msg), i)
	case !bytes.Equal(msg[minSize:], x.content[i&255:][:x.size-minSize]):
		return fmt.Errorf("message %d is damaged", i)
	}
	x.checked.Add(1)
	return nil
}

func number(msg []byte) int { return int(binary.BigEndian.Uint64(msg)) }
