// SPDX-License-Identifier: BSD-2-Clause

package mdp

import (
	"context"
	"errors"
	"time"

	"github.com/seed45097122/zmq4"
)

// A Handler executes a request and returns the reply. If ctx is done, nobody
// waits for the reply any more: the worker ends, or has lost the broker.
type Handler func(ctx context.Context, request [][]byte) (reply [][]byte)

// A Worker offers a service. Set its fields, then call Run.
type Worker struct {
	// Broker is the endpoint of the broker.
	Broker string

	// Service is the name of the service.
	Service string

	// Heartbeat is the time between two heartbeats, the same as the broker's.
	// If nothing comes from the broker for three of them, the worker connects
	// again. If it is not positive, it is 2.5 seconds.
	Heartbeat time.Duration

	// Reconnect is how long the worker waits before it connects again. If it is
	// not positive, it is 2.5 seconds.
	Reconnect time.Duration

	// Logf, if not nil, is told when the worker connects again.
	Logf func(format string, args ...any)
}

// Run calls handle for one request after another until ctx is done, which is
// no error. Heartbeats go on while it works.
func (w *Worker) Run(ctx context.Context, handle Handler) error {
	if !validService([]byte(w.Service)) {
		return errors.New("mdp: not a service that a worker can offer: " + w.Service)
	}
	pause := orDefault(w.Reconnect, defaultHeartbeat)
	for {
		err := w.session(ctx, handle)
		if err != nil || ctx.Err() != nil {
			return err
		}
		logTo(w.Logf)("broker is lost, connecting again in %v", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// session is one connection. It ends, without an error, when ctx is done, or
// when the broker is lost or says so.
func (w *Worker) session(ctx context.Context, handle Handler) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(w.Broker))
	if err != nil {
		return err
	}
	defer func() {
		if zmq4.AsErrno(err).Timeout() {
			err = nil // the broker takes nothing more: it is lost
		}
		err = errors.Join(err, soc.Close())
	}()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	in := soc.Receiver(inner, 0)

	interval := orDefault(w.Heartbeat, defaultHeartbeat)
	beat := time.NewTicker(interval)
	defer beat.Stop()
	command := func(command string, frames ...any) error {
		beat.Reset(interval)
		_, err := soc.SendMessageDontwait(append([]any{"", workerHeader, command}, frames...)...)
		return err
	}
	if err := command(cmdReady, w.Service); err != nil {
		return err
	}

	check := time.NewTicker(interval)
	defer check.Stop()
	var client []byte // of the request that is handled, or nil
	replies := make(chan [][]byte, 1)
	defer func() {
		cancel()
		if client != nil {
			<-replies // the handler must not outlive Run
		}
	}()
	for left := liveness; ; {
		select {
		case msg, ok := <-in.C:
			if !ok {
				if ctx.Err() != nil {
					return command(cmdDisconnect)
				}
				return in.Err()
			}
			if len(msg) < 3 || len(msg[0]) != 0 || string(msg[1]) != workerHeader {
				continue // not of the protocol
			}
			switch frames := msg[3:]; {
			case string(msg[2]) == cmdDisconnect:
				return nil
			case string(msg[2]) == cmdRequest && len(frames) >= 3 && len(frames[1]) == 0 && client == nil:
				client = frames[0]
				go func() { replies <- handle(inner, frames[2:]) }()
			case string(msg[2]) == cmdHeartbeat && len(frames) == 0:
			default:
				continue
			}
			left = liveness

		case reply := <-replies:
			if len(reply) == 0 {
				reply = [][]byte{nil} // a body has one part or more
			}
			if err := command(cmdReply, client, "", reply); err != nil {
				return err
			}
			client = nil

		case <-check.C:
			if left--; left <= 0 {
				return nil
			}

		case <-beat.C:
			if err := command(cmdHeartbeat); err != nil {
				return err
			}
		}
	}
}
