// SPDX-License-Identifier: BSD-2-Clause

package mdp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

// A Broker gives the requests of clients to workers, and their replies back.
// Set its fields, then call Run.
type Broker struct {
	// Endpoint is where clients and workers connect to.
	Endpoint string

	// Heartbeat is the time between two heartbeats, the same as the workers'.
	// A worker that sends nothing for three of them is lost, also while it
	// works. If it is not positive, it is 2.5 seconds.
	Heartbeat time.Duration

	// Expiry is how long a request waits for a worker before it is dropped. If
	// it is not positive, it is a minute.
	Expiry time.Duration

	// Logf, if not nil, is told of workers that come and go.
	Logf func(format string, args ...any)
}

// Run takes requests until ctx is done, which is no error: it then disconnects
// the workers.
func (b *Broker) Run(ctx context.Context) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(b.Endpoint),
		zmq4.HighWaterMarks(0, 1000)) // a ROUTER drops what it may not queue for a peer
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	r := &router{
		soc:      soc,
		logf:     logTo(b.Logf),
		expiry:   orDefault(b.Expiry, defaultExpiry),
		services: make(map[string]*service),
		workers:  make(map[string]*worker),
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	in := soc.Receiver(inner, 0)
	// Twice per heartbeat, so that none is needed soon after another command.
	ticker := time.NewTicker(max(orDefault(b.Heartbeat, defaultHeartbeat)/ticks, 1))
	defer ticker.Stop()
	for err == nil {
		select {
		case msg, ok := <-in.C:
			if ok {
				err = r.handle(msg)
				continue
			}
			if ctx.Err() == nil {
				return in.Err()
			}
			for _, w := range r.workers {
				err = errors.Join(err, r.command(w, cmdDisconnect))
			}
			return err
		case <-ticker.C:
			err = r.tick()
		}
	}
	return err
}

// ticks is how many ticks a heartbeat has.
const ticks = 2

// router is a Broker that runs. Only one goroutine uses it.
type router struct {
	soc      *zmq4.Socket
	logf     func(format string, args ...any)
	expiry   time.Duration
	services map[string]*service // those with workers or requests
	workers  map[string]*worker  // by the id that soc routes by
}

type service struct {
	name     string
	requests []*request // that wait for a worker
	idle     []*worker  // the one that waits longest first
	workers  int        // idle and busy
}

type request struct {
	client  []byte
	body    [][]byte
	expires time.Time
}

type worker struct {
	id      string
	service *service
	request *request // what it works on, or nil
	left    int      // ticks until it counts as lost
	quiet   int      // ticks since the last command to it
}

// handle takes a message. One that is not of the protocol is dropped.
func (r *router) handle(msg [][]byte) error {
	if len(msg) < 4 || len(msg[1]) != 0 {
		return nil
	}
	switch sender, frames := msg[0], msg[3:]; string(msg[2]) {
	case clientHeader:
		return r.fromClient(sender, frames)
	case workerHeader:
		return r.fromWorker(string(sender), string(frames[0]), frames[1:])
	}
	return nil
}

// fromClient takes service and body of a request.
func (r *router) fromClient(client []byte, frames [][]byte) error {
	if len(frames) < 2 || len(frames[0]) == 0 {
		return nil
	}
	name, body := string(frames[0]), frames[1:]
	if strings.HasPrefix(name, mmiPrefix) {
		return r.reply(client, name, [][]byte{r.manage(name, body)})
	}
	s := r.service(name)
	s.requests = append(s.requests, &request{client, body, time.Now().Add(r.expiry)})
	return r.dispatch(s)
}

// manage returns the reply of a service of the broker's own.
func (r *router) manage(name string, body [][]byte) []byte {
	if name != ServiceLookup {
		return []byte("501")
	}
	if s := r.services[string(body[0])]; s != nil && s.workers > 0 {
		return []byte("200")
	}
	return []byte("404")
}

func (r *router) reply(client []byte, service string, body [][]byte) error {
	_, err := r.soc.SendMessage(client, "", clientHeader, service, body)
	return err
}

// fromWorker takes a command and its frames.
func (r *router) fromWorker(id, command string, frames [][]byte) error {
	w := r.workers[id]
	switch {
	case command == cmdDisconnect && len(frames) == 0:
		if w == nil {
			return nil
		}
		r.logf("worker for %s has left", w.service.name)
		return r.remove(w)

	case command == cmdReady && len(frames) == 1 && w == nil && validService(frames[0]):
		s := r.service(string(frames[0]))
		s.workers++
		w = &worker{id: id, service: s}
		r.workers[id] = w
		r.logf("worker for %s is ready", s.name)
		return r.idle(w)

	case command == cmdHeartbeat && len(frames) == 0 && w != nil:
		w.left = liveness * ticks
		return nil

	case command == cmdReply && w != nil && w.request != nil && len(frames) >= 3 &&
		string(frames[0]) == string(w.request.client) && len(frames[1]) == 0:
		if err := r.reply(frames[0], w.service.name, frames[2:]); err != nil {
			return err
		}
		w.request = nil
		return r.idle(w)
	}

	// Anything else is not expected: the worker has to begin anew.
	r.logf("worker is told to disconnect")
	if w == nil {
		w = &worker{id: id}
		return r.command(w, cmdDisconnect)
	}
	return errors.Join(r.command(w, cmdDisconnect), r.remove(w))
}

// validService reports whether a worker may offer a service of that name.
func validService(name []byte) bool {
	return len(name) > 0 && !strings.HasPrefix(string(name), mmiPrefix)
}

// command sends a command to a worker.
func (r *router) command(w *worker, command string, frames ...any) error {
	w.quiet = 0
	_, err := r.soc.SendMessage(append([]any{w.id, "", workerHeader, command}, frames...)...)
	return err
}

// service returns the service of that name, which may be new.
func (r *router) service(name string) *service {
	s := r.services[name]
	if s == nil {
		s = &service{name: name}
		r.services[name] = s
	}
	return s
}

// idle makes a worker wait for the next request.
func (r *router) idle(w *worker) error {
	w.left = liveness * ticks
	w.service.idle = append(w.service.idle, w)
	return r.dispatch(w.service)
}

// remove forgets a worker. What it worked on goes to another one.
func (r *router) remove(w *worker) error {
	s := w.service
	delete(r.workers, w.id)
	s.workers--
	s.idle = slices.DeleteFunc(s.idle, func(other *worker) bool { return other == w })
	if w.request != nil {
		r.logf("request for %s is given to another worker", s.name)
		s.requests = slices.Insert(s.requests, 0, w.request)
	}
	return r.dispatch(s)
}

// dispatch gives requests to the workers of a service that have none.
func (r *router) dispatch(s *service) error {
	expired := 0 // from the front: requests are in the order in which they came
	for now := time.Now(); expired < len(s.requests) && now.After(s.requests[expired].expires); {
		expired++
	}
	if expired > 0 {
		s.requests = s.requests[expired:]
		r.logf("requests for %s expired: %d", s.name, expired)
	}
	for len(s.requests) > 0 && len(s.idle) > 0 {
		w := s.idle[0]
		w.request = s.requests[0]
		s.idle, s.requests = s.idle[1:], s.requests[1:]
		if err := r.command(w, cmdRequest, w.request.client, "", w.request.body); err != nil {
			return err
		}
	}
	if s.workers == 0 && len(s.requests) == 0 {
		delete(r.services, s.name)
	}
	return nil
}

// tick sends heartbeats, and looks for what has expired. It counts ticks and
// does not measure time: if the broker was held up, the workers were not silent.
func (r *router) tick() error {
	for _, w := range r.workers {
		if w.left--; w.left <= 0 {
			r.logf("worker for %s is lost", w.service.name)
			if err := r.remove(w); err != nil {
				return err
			}
			continue
		}
		if w.quiet++; w.quiet >= ticks {
			if err := r.command(w, cmdHeartbeat); err != nil {
				return err
			}
		}
	}
	for _, s := range r.services {
		if err := r.dispatch(s); err != nil {
			return err
		}
	}
	return nil
}
