// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

// afterEnd is how long messages have to be delivered after a signal or an error,
// unless --linger says otherwise.
const afterEnd = time.Second

// A session is one run of a command that uses sockets.
type session struct {
	*socketFlags

	// ctx is done when --timeout is over, after a signal, and when a server
	// refuses the socket. Its cause says which.
	ctx    context.Context
	cancel context.CancelCauseFunc

	zmq     *zmq4.Context
	auth    *zmq4.Authenticator
	sockets []*zmq4.Socket

	// sent says that the session ends when connections, as many as awaited,
	// have been made. Each is told of by connected.
	sent      bool
	awaited   int
	connected chan struct{}

	// disconnected is told when the other side of a connection has ended it.
	disconnected chan struct{}

	// show is called with the events of sockets, if it is not nil.
	show func(zmq4.SocketEvent)

	// oneProcess says that the sockets are the two sides of a connection.
	oneProcess bool

	// log is for what happens to sockets and clients.
	log *fold
}

// run makes the function of a command out of one that uses a session.
func (f *socketFlags) run(fn func(s *session, args []string) error) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		if err := f.check(); err != nil {
			return err
		}
		s := &session{socketFlags: f, connected: make(chan struct{}, 1024), disconnected: make(chan struct{}, 1)}
		s.log = &fold{print: func(line string) { warnf("%s", line) }}
		s.ctx, s.cancel = context.WithCancelCause(context.Background())
		defer s.cancel(nil)
		if f.timeout > 0 {
			var stop context.CancelFunc
			s.ctx, stop = context.WithTimeoutCause(s.ctx, f.timeout, deadlineError("timeout of "+f.timeout.String()))
			defer stop()
		}

		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() {
			sig := (<-signals).(syscall.Signal)
			signal.Stop(signals) // a second one kills
			s.cancel(signalError{sig})
		}()

		var err error
		if s.zmq, err = zmq4.NewContext(); err != nil {
			return fail(err)
		}
		err = s.end(fn(s, args))
		s.log.end()
		return fail(err)
	}
}

// end waits until what was sent is delivered, and returns how the session ended.
//
// When the time is over, or the peer refuses the socket, nothing is closed: the
// process ends, and everything with it.
func (s *session) end(err error) error {
	cause := context.Cause(s.ctx)
	if cause != nil {
		err = because(err, cause)
	}
	if s.linger == 0 || cause != nil && !isSignal(err) {
		return err
	}

	ctx, limit := s.ctx, s.linger
	if err != nil {
		ctx = context.Background()
		if limit < 0 {
			limit = afterEnd
		}
	}
	if limit >= 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, limit, deadlineError("linger time of "+limit.String()))
		defer stop()
	}
	undelivered := s.deliver(ctx)
	if undelivered != nil && !s.quiet && (err != nil || isSignal(undelivered)) {
		warnf("%v", undelivered)
	}
	if err == nil {
		err = undelivered
	}
	return err
}

// isSignal reports whether an error is that a signal came.
func isSignal(err error) bool {
	var sig signalError
	return errors.As(err, &sig)
}

// deliver waits until everything that was sent has left the process.
func (s *session) deliver(ctx context.Context) error {
	if s.sent {
		for range s.awaited {
			select {
			case <-s.connected:
			case <-ctx.Done():
				return because(errors.New("connect "+strings.Join(s.endpoints, ", ")), context.Cause(ctx))
			}
		}
	}
	for _, soc := range s.sockets {
		soc.Close()
	}
	if err := s.zmq.TermContext(ctx); err != nil {
		return because(errors.New("deliver to "+strings.Join(s.endpoints, ", ")), context.Cause(ctx))
	}
	return nil
}

// because replaces what an error has for ctx.Err() by the cause.
func because(err, cause error) error {
	var op *zmq4.OpError
	switch {
	case errors.Is(err, cause):
		return err
	case errors.As(err, &op):
		return fmt.Errorf("%s: %w", strings.TrimSpace(op.Op+" "+op.Socket), cause)
	case err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", err, cause)
	}
	return cause
}

// A deadlineError names the time that is over.
type deadlineError string

func (e deadlineError) Error() string        { return string(e) + " is over" }
func (e deadlineError) Is(target error) bool { return target == context.DeadlineExceeded }
