// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// Polled is a socket with the events that were found on it.
type Polled struct {
	Socket *Socket // socket with matched event(s)
	Events State   // actual matched event(s)
}

// A Poller waits for events on any number of sockets, without a thread. The
// work of a poll grows with the number of sockets that something happened to,
// not with the number of sockets that the Poller holds.
//
// All methods may be called from any goroutine, also while another one waits
// in a poll, which then goes by what was changed.
type Poller struct {
	mu      sync.Mutex
	items   []*pollItem // by id
	nextID  int
	members map[*pollRef]*pollMember
	q       *pollQueue
}

// pollItem is what one call of Add has added.
type pollItem struct {
	id     int
	soc    *Socket
	events State
	member *pollMember
	ready  State // while collect runs
}

// pollMember is a socket that a Poller holds, once or more.
type pollMember struct {
	s     *socket // nil if it was closed already
	ref   *pollRef
	items []*pollItem
}

// pollRef is what a socket knows of a Poller that holds it. It leads to no
// other socket, so that a Poller that is lost does not keep its sockets alive.
type pollRef struct {
	q      *pollQueue
	s      weak.Pointer[socket]
	fd     int32
	mask   atomic.Int32 // events that the Poller waits for
	queued atomic.Bool  // it is in q.dirty
}

// pollQueue collects the sockets that may have become ready: those that were
// signalled, that somebody used, or that were ready the last time.
type pollQueue struct {
	park parker

	mu     sync.Mutex
	set    pollSet
	refs   map[int32]*pollRef // by descriptor, as set reports them
	dirty  []*pollRef
	err    error // why the queue does not work
	closed bool
}

// NewPoller returns a Poller that holds no socket.
func NewPoller() *Poller { return &Poller{} }

// queue returns p.q, which is made when it is first needed.
func (p *Poller) queue() *pollQueue {
	if p.q == nil {
		queues.made()
		p.q = &pollQueue{refs: make(map[int32]*pollRef)}
		p.q.park.scan = p.q.scan
		p.q.err = p.q.set.open(&p.q.park)
		p.members = make(map[*pollRef]*pollMember)
		runtime.AddCleanup(p, (*pollQueue).close, p.q)
	}
	return p.q
}

// Add makes the Poller wait for events on a socket: [POLLIN], [POLLOUT], or
// both. It returns an id for [Poller.Update] and [Poller.Remove], which stays
// valid until it is removed, and which is also the index into what
// [Poller.PollAll] returns for as long as nothing is removed.
//
// A socket may be added more than once. One that is closed, or gets closed,
// is reported by the next poll and then forgotten.
func (p *Poller) Add(soc *Socket, events State) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	item := &pollItem{id: p.nextID, soc: soc, events: events}
	p.nextID++
	p.items = append(p.items, item)
	m := p.join(soc)
	m.items = append(m.items, item)
	item.member = m
	m.changed()
	return item.id
}

// join returns the member for a socket.
func (p *Poller) join(soc *Socket) *pollMember {
	m := &pollMember{ref: &pollRef{q: p.queue(), fd: -1}}
	s, err := soc.lock()
	if err == nil {
		defer s.mu.Unlock()
		for _, ref := range s.polls {
			if ref.q == p.q {
				return p.members[ref]
			}
		}
		m.s = s
		m.ref.enter(s)
	}
	p.members[m.ref] = m
	return m
}

// enter makes a locked socket tell the queue.
func (r *pollRef) enter(s *socket) {
	r.s = weak.Make(s)
	s.polls = append(s.polls, r)
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	if r.q.err != nil {
		return
	}
	if r.fd, r.q.err = r.q.set.add(s, r); r.q.err == nil {
		r.q.refs[r.fd] = r
	}
}

// leave undoes enter, with the socket locked.
func (r *pollRef) leave() {
	r.q.mu.Lock()
	if !r.q.closed && r.q.refs[r.fd] == r {
		r.q.set.remove(r)
		delete(r.q.refs, r.fd)
	}
	r.q.mu.Unlock()
	r.mark()
}

// changed recomputes what is waited for on a member.
func (m *pollMember) changed() {
	var mask State
	for _, item := range m.items {
		mask |= item.events
	}
	m.ref.mask.Store(int32(mask))
	m.ref.mark()
}

// mark puts a socket among those to look at.
func (r *pollRef) mark() {
	if !r.queued.CompareAndSwap(false, true) {
		return
	}
	r.q.mu.Lock()
	if !r.q.closed {
		r.q.dirty = append(r.q.dirty, r)
	}
	r.q.mu.Unlock()
	if r.q.park.waiting() {
		r.q.park.wake(anyEvent)
	}
}

// scan is what the parker looks at.
func (q *pollQueue) scan(bool) State {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drain()
	if len(q.dirty) > 0 {
		return anyEvent
	}
	return 0
}

// drain moves the sockets that were signalled to q.dirty.
func (q *pollQueue) drain() {
	if q.closed || q.err != nil {
		return
	}
	q.set.drain(func(fd int32) {
		if ref := q.refs[fd]; ref != nil && ref.queued.CompareAndSwap(false, true) {
			q.dirty = append(q.dirty, ref)
		}
	})
}

// take returns the sockets to look at.
func (q *pollQueue) take() ([]*pollRef, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drain()
	dirty := q.dirty
	q.dirty = nil
	return dirty, q.err
}

// close is called when the Poller is lost.
func (q *pollQueue) close() {
	q.mu.Lock()
	q.closed = true
	refs := q.refs
	q.dirty, q.refs = nil, nil
	q.mu.Unlock()
	for _, ref := range refs {
		if s := ref.s.Value(); s != nil {
			s.mu.Lock()
			s.polls = slices.DeleteFunc(s.polls, func(r *pollRef) bool { return r == ref })
			s.mu.Unlock()
			s.park.wake(anyEvent) // for pollSet.watch
		}
	}
	q.park.close()
	queues.lost()
}

// A queueCount counts the queues that there are. Programs make a Poller for a
// single poll and lose it, but each has a file descriptor, and Linux allows
// 500 of them for one socket. That is too little memory for the garbage
// collector to run by itself: when there are twice as many as those that were
// not lost before, it is told to.
type queueCount struct {
	mu      sync.Mutex
	n       int
	collect int // how many are too many
}

const fewQueues = 50

var queues = queueCount{collect: fewQueues}

func (c *queueCount) made() {
	c.mu.Lock()
	c.n++
	n, many := c.n, c.n >= c.collect
	if many {
		c.collect = 2 * c.n
	}
	c.mu.Unlock()
	if !many {
		return
	}
	runtime.GC()
	for range 100 { // the cleanups have goroutines of their own
		runtime.Gosched()
		if c.count() < n/2 {
			return
		}
	}
}

func (c *queueCount) lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	c.collect = max(fewQueues, min(c.collect, 2*c.n))
}

func (c *queueCount) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// find returns the index of an id in p.items.
func (p *Poller) find(id int) (int, error) {
	i, ok := slices.BinarySearchFunc(p.items, id, func(item *pollItem, id int) int { return cmp.Compare(item.id, id) })
	if !ok {
		return 0, ErrorNoSocket
	}
	return i, nil
}

// findSocket returns the index of the item that was added first for a socket.
func (p *Poller) findSocket(soc *Socket) (int, error) {
	i := slices.IndexFunc(p.items, func(item *pollItem) bool { return item.soc == soc })
	if i < 0 {
		return 0, ErrorNoSocket
	}
	return i, nil
}

// Update replaces the events that are waited for on the socket with this id,
// and returns the previous ones. With 0 the socket stays but is not waited for.
//
// The error is [ErrorNoSocket] if there is no such id.
func (p *Poller) Update(id int, events State) (previous State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.find(id)
	if err != nil {
		return 0, err
	}
	return p.update(i, events), nil
}

// UpdateBySocket is [Poller.Update] for the id under which the socket was added first.
func (p *Poller) UpdateBySocket(soc *Socket, events State) (previous State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.findSocket(soc)
	if err != nil {
		return 0, err
	}
	return p.update(i, events), nil
}

func (p *Poller) update(i int, events State) (previous State) {
	item := p.items[i]
	previous, item.events = item.events, events
	item.member.changed()
	return previous
}

// Remove makes the Poller forget the socket with this id. Other ids stay valid.
//
// The error is [ErrorNoSocket] if there is no such id.
func (p *Poller) Remove(id int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.find(id)
	if err != nil {
		return err
	}
	p.remove(i)
	return nil
}

// RemoveBySocket is [Poller.Remove] for the id under which the socket was added first.
func (p *Poller) RemoveBySocket(soc *Socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.findSocket(soc)
	if err != nil {
		return err
	}
	p.remove(i)
	return nil
}

func (p *Poller) remove(i int) {
	m := p.items[i].member
	m.items = slices.DeleteFunc(m.items, func(item *pollItem) bool { return item == p.items[i] })
	p.items = slices.Delete(p.items, i, i+1)
	if len(m.items) > 0 {
		m.changed()
		return
	}
	delete(p.members, m.ref)
	if s, err := m.s.lock(); err == nil {
		s.polls = slices.DeleteFunc(s.polls, func(ref *pollRef) bool { return ref == m.ref })
		m.ref.leave()
		s.unlock()
	}
}

// Poll waits until one of the events asked for is there on a socket, and
// returns the sockets that have any, in the order in which they were added.
//
// It waits for at most timeout, to the microsecond; then it returns an empty
// list and no error. With 0 it does not wait. If timeout is negative, it waits
// without limit, or, if the Poller holds no socket, not at all.
//
// The errors of the system are those of epoll_create1 and epoll_ctl, such as
// EMFILE. If one of the sockets is closed, the error is [ErrorSocketClosed]: once, for
// the Poller then holds that socket no more. If its context is terminated, the
// error is [ETERM]. With an error the list is empty; events on other sockets
// are not lost, but found by the next poll.
//
// An event that is there is found again by each poll until it is dealt with.
func (p *Poller) Poll(timeout time.Duration) ([]Polled, error) {
	return p.poll(context.Background(), timeout, false)
}

// PollAll waits as [Poller.Poll] does, but returns all sockets, in the order
// in which they were added: those with no event, too, with Events 0.
func (p *Poller) PollAll(timeout time.Duration) ([]Polled, error) {
	return p.poll(context.Background(), timeout, true)
}

// PollContext waits as [Poller.Poll] does, until ctx is done. The error is then
// ctx.Err() in an [*OpError]. A Poller that holds no socket waits, too: others
// may add one.
func (p *Poller) PollContext(ctx context.Context) ([]Polled, error) {
	for {
		if err := p.await(ctx); err != nil {
			return []Polled{}, &OpError{Op: "poll", Err: err}
		}
		polled, err := p.poll(ctx, 0, false)
		if err != nil {
			return polled, &OpError{Op: "poll", Err: err}
		}
		if len(polled) > 0 {
			return polled, nil
		}
	}
}

func (p *Poller) poll(ctx context.Context, timeout time.Duration, all bool) ([]Polled, error) {
	var limit time.Time
	for expired := timeout == 0; ; {
		p.mu.Lock()
		ready, err := p.collect()
		if err != nil || len(ready) > 0 || expired || timeout < 0 && len(p.items) == 0 {
			list := p.list(ready, all && err == nil)
			p.mu.Unlock()
			return list, err
		}
		q := p.q
		p.mu.Unlock()
		if limit.IsZero() {
			limit = deadline(timeout)
		}
		if _, err := q.park.wait(ctx, anyEvent, limit); err == eagain {
			expired = true
		} else if err != nil {
			return []Polled{}, err
		}
	}
}

// await waits until a poll may find something, or kick, or ctx is done.
func (p *Poller) await(ctx context.Context) error {
	p.mu.Lock()
	q := p.queue()
	p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for q.scan(false) == 0 {
		if _, err := q.park.wait(ctx, anyEvent, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// kick ends await: now, or the next one.
func (p *Poller) kick() {
	p.mu.Lock()
	q := p.queue()
	p.mu.Unlock()
	(&pollRef{q: q}).mark()
}

// list makes a list of the items that are ready, or of all.
func (p *Poller) list(ready []*pollItem, all bool) []Polled {
	items := ready
	if all {
		items = p.items
	}
	list := make([]Polled, len(items))
	for i, item := range items {
		list[i] = Polled{item.soc, item.ready}
	}
	for _, item := range ready {
		item.ready = 0
	}
	return list
}

// collect looks at the sockets that may be ready.
func (p *Poller) collect() (ready []*pollItem, err error) {
	dirty, err := p.queue().take()
	for _, ref := range dirty {
		ref.queued.Store(false) // what happens from here on marks it again
		m := p.members[ref]
		if m == nil {
			continue
		}
		ev, e := m.s.poll(ref)
		switch {
		case e == ErrorSocketClosed && err != nil:
			ref.mark() // one error at a time
		case e == ErrorSocketClosed:
			p.items = slices.DeleteFunc(p.items, func(item *pollItem) bool { return item.member == m })
			delete(p.members, ref)
			err = e
		case e != nil:
			ref.mark()
			err = cmp.Or(err, e)
		case ev&State(ref.mask.Load()) != 0:
			ref.mark() // an event stays until it is dealt with
			for _, item := range m.items {
				if item.ready = ev & item.events; item.ready != 0 {
					ready = append(ready, item)
				}
			}
		}
	}
	if err != nil {
		for _, item := range ready {
			item.ready = 0
		}
		return nil, err
	}
	slices.SortFunc(ready, func(a, b *pollItem) int { return cmp.Compare(a.id, b.id) })
	return ready, nil
}

// poll reads what the socket is ready for, on behalf of one Poller.
func (s *socket) poll(ref *pollRef) (State, error) {
	if _, err := s.lock(); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	ev := C.zmq4_events(s.h())
	if ev < 0 {
		s.park.wake(everyone)
		s.tellPollers(everyone, ref)
		return 0, check(ev)
	}
	s.park.wake(State(ev))
	s.tellPollers(State(ev), ref)
	return State(ev), nil
}

// String lists the sockets and the events that are waited for.
func (p *Poller) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for i, item := range p.items {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%v%v", item.soc, item.events)
	}
	return "Poller[" + b.String() + "]"
}
