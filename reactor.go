// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"errors"
	"log"
	"reflect"
	"slices"
	"time"
)

// A Reactor calls handlers for events on sockets and for values from
// channels, one at a time.
//
// All methods may be called from any goroutine, and from handlers. Changes
// take effect at once. The zero Reactor is ready to use.
type Reactor struct {
	mu       reactorLock
	poller   *Poller // nil until lock
	sockets  map[*Socket]*reactorSocket
	channels []*reactorChannel
	lastID   uint64
	verbose  bool

	changed chan struct{} // tells Run that channels or sockets came or went, as poller.kick does
}

type reactorSocket struct {
	events  State
	handler func(State) error
}

type reactorChannel struct {
	id      uint64
	ch      reflect.Value
	limit   int
	handler func(interface{}) error
}

// NewReactor returns a Reactor without handlers.
func NewReactor() *Reactor { return &Reactor{} }

// lock locks r.mu, the first time with what a zero Reactor lacks.
func (r *Reactor) lock() {
	r.mu.Lock()
	if r.poller == nil {
		r.poller = NewPoller()
		r.sockets = make(map[*Socket]*reactorSocket)
		r.changed = make(chan struct{}, 1)
	}
}

// AddSocket makes the Reactor call handler when the socket is ready for one
// of events: [POLLIN], [POLLOUT], or both. The handler gets what the socket
// is ready for. A socket has one handler: a second one replaces the first.
func (r *Reactor) AddSocket(soc *Socket, events State, handler func(State) error) {
	r.lock()
	defer r.mu.Unlock()
	r.removeSocket(soc)
	r.poller.Add(soc, events)
	r.sockets[soc] = &reactorSocket{events, handler}
	r.change()
}

// RemoveSocket removes the handler of a socket, if there is one.
func (r *Reactor) RemoveSocket(soc *Socket) {
	r.lock()
	defer r.mu.Unlock()
	r.removeSocket(soc)
	r.change()
}

func (r *Reactor) removeSocket(soc *Socket) {
	if r.sockets[soc] != nil {
		delete(r.sockets, soc)
		r.poller.RemoveBySocket(soc) // it is not there any more if the socket was closed
	}
}

// AddChannel makes the Reactor call handler with each value received from a
// channel, and returns an id for [Reactor.RemoveChannel]. A closed channel is
// removed.
//
// If limit is positive, at most that many values are handled before other
// channels and sockets get their turn. Otherwise all values that are in the
// channel's buffer at that time are handled.
func (r *Reactor) AddChannel(ch <-chan interface{}, limit int, handler func(interface{}) error) (id uint64) {
	return r.addChannel(reflect.ValueOf(ch), limit, handler)
}

// AddChannelTime is [Reactor.AddChannel] for a channel of times, such as that
// of a time.Ticker. The handler gets a time.Time.
func (r *Reactor) AddChannelTime(ch <-chan time.Time, limit int, handler func(interface{}) error) (id uint64) {
	return r.addChannel(reflect.ValueOf(ch), limit, handler)
}

func (r *Reactor) addChannel(ch reflect.Value, limit int, handler func(interface{}) error) uint64 {
	r.lock()
	defer r.mu.Unlock()
	r.lastID++
	r.channels = append(r.channels, &reactorChannel{r.lastID, ch, limit, handler})
	r.change()
	return r.lastID
}

// RemoveChannel removes the handler of a channel. It is not called any more,
// and no more values are taken from the channel.
func (r *Reactor) RemoveChannel(id uint64) {
	r.lock()
	defer r.mu.Unlock()
	r.channels = slices.DeleteFunc(slices.Clone(r.channels), func(c *reactorChannel) bool { return c.id == id })
	r.change()
}

// SetVerbose makes the Reactor log what it handles with package log. The
// default is false.
func (r *Reactor) SetVerbose(verbose bool) {
	r.lock()
	defer r.mu.Unlock()
	r.verbose = verbose
}

// change tells Run to look again at what there is to do.
func (r *Reactor) change() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
	r.poller.kick()
}

// state returns what there is to do now.
func (r *Reactor) state() (channels []*reactorChannel, sockets int) {
	r.lock()
	defer r.mu.Unlock()
	return r.channels, len(r.sockets)
}

func (r *Reactor) logf(format string, args ...interface{}) {
	r.mu.Lock()
	verbose := r.verbose
	r.mu.Unlock()
	if verbose {
		log.Printf(format, args...)
	}
}

// Run calls handlers until one of them returns an error, and returns that
// error. It also returns when nothing is left to handle, when a socket is
// closed ([ErrorSocketClosed]), which it then removes, and when the context
// of a socket is terminated ([ETERM]).
//
// Sockets and channels are served as soon as they are ready. The interval has
// no effect: pebbe/zmq4 polls channels that often.
//
// Run must not be called again before it has returned.
func (r *Reactor) Run(interval time.Duration) (err error) {
	_, err = r.run(interruptible)
	return err
}

// RunContext is [Reactor.Run] that also returns when ctx is done, with
// ctx.Err(). Its errors are an [*OpError], except that a handler's error is
// returned as it is.
func (r *Reactor) RunContext(ctx context.Context) error {
	own, err := r.run(ctx)
	if own {
		return &OpError{Op: "run", Err: err}
	}
	return err
}

// run reports whether the error is its own, and not that of a handler.
func (r *Reactor) run(ctx context.Context) (own bool, err error) {
	ctx = begin(ctx)
	r.state() // a zero Reactor has no poller yet
	watch := &reactorWatch{poller: r.poller, ready: make(chan error), done: make(chan struct{})}
	defer watch.stop()
	for {
		channels, sockets := r.state()
		if len(channels) == 0 && sockets == 0 {
			return true, errors.New("No sockets to poll, no channels to read")
		}
		if len(channels) == 0 {
			if err = r.poller.await(ctx); err != nil {
				return true, err
			}
			if own, err = r.serveSockets(); err != nil {
				return own, err
			}
			continue
		}
		cases := []reflect.SelectCase{
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(r.changed)},
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(watch.ready)},
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
		}
		for _, c := range channels {
			cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: c.ch})
		}
		watch.start(ctx)
		chosen, value, ok := reflect.Select(cases)
		switch {
		case chosen == 0:
		case chosen == 1:
			if err, _ = value.Interface().(error); err != nil {
				return true, err
			}
			own, err = r.serveSockets()
			watch.resume()
		case chosen == 2:
			own, err = true, ctx.Err()
		default:
			own, err = false, r.serveChannel(channels[chosen-3], value, ok)
		}
		if err != nil {
			return own, err
		}
	}
}

// serveSockets calls the handlers of the sockets that are ready. It reports
// whether the error is that of the Poller.
func (r *Reactor) serveSockets() (own bool, err error) {
	polled, err := r.poller.poll(context.Background(), 0, false)
	if err != nil {
		for closed := err; closed == ErrorSocketClosed; {
			r.forget(polled)
			polled, closed = r.poller.poll(context.Background(), 0, false) // is there another one?
		}
		return true, err
	}
	for _, item := range polled {
		r.mu.Lock()
		s := r.sockets[item.Socket]
		r.mu.Unlock()
		if s == nil || s.events&item.Events == 0 {
			continue // another handler has removed or replaced it
		}
		r.logf("Reactor(%p) %v", r, item)
		if err := s.handler(s.events & item.Events); err != nil {
			return false, err
		}
	}
	return false, nil
}

// forget removes a socket that is closed: the Poller reports it once, and a
// later Run would wait for it without end.
func (r *Reactor) forget(closed []Polled) {
	r.lock()
	defer r.mu.Unlock()
	for _, item := range closed {
		r.removeSocket(item.Socket)
	}
}

// serveChannel calls the handler of a channel with a value that was received,
// and with those that follow it.
func (r *Reactor) serveChannel(c *reactorChannel, value reflect.Value, ok bool) error {
	limit := c.limit
	if limit <= 0 {
		limit = c.ch.Len() + 1
	}
	for ; ok; value, ok = c.ch.TryRecv() {
		r.logf("Reactor(%p) channel %d: %v", r, c.id, value)
		if err := c.handler(value.Interface()); err != nil {
			return err
		}
		limit--
		if channels, _ := r.state(); limit == 0 || !slices.Contains(channels, c) {
			return nil
		}
	}
	if !value.IsValid() {
		return nil // nothing there
	}
	r.logf("Reactor(%p) removing closed channel %d", r, c.id)
	r.RemoveChannel(c.id)
	return nil
}

// reactorWatch waits in a Poller while the Reactor waits for channels.
type reactorWatch struct {
	poller  *Poller
	started bool
	ready   chan error    // something is to be polled, or why that cannot be known
	done    chan struct{} // it has been; closed by stop
}

func (w *reactorWatch) start(ctx context.Context) {
	if !w.started {
		w.started = true
		go w.run(ctx)
	}
}

func (w *reactorWatch) run(ctx context.Context) {
	for {
		err := w.poller.await(ctx)
		select {
		case w.ready <- err:
		case <-w.done:
			return
		}
		if _, ok := <-w.done; !ok {
			return
		}
	}
}

// resume lets run wait again, after what it has reported was polled.
func (w *reactorWatch) resume() { w.done <- struct{}{} }

// stop ends run.
func (w *reactorWatch) stop() {
	close(w.done)
	w.poller.kick()
}
