// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"weak"
)

// How a Poller waits. With one socket it waits as a receive does, in the socket's own
// parker. With more it has a queue: sockets put themselves into it when they are
// signalled or used, and a poll looks at those only. Where there is epoll the queue has
// one descriptor for all its sockets (pollset_linux.go); elsewhere, and for a socket that
// too many queues hold, a goroutine watches the socket.

// pollChanged is an event that ends waits for the only socket of a Poller: it may
// have others now.
const pollChanged State = 1 << 28

// keepAfter is how many polls with more than one socket a Poller has before it keeps its
// queue: many Pollers are made for one poll and lost.
const keepAfter = 3

// refusedInterval is how often to look at a file descriptor that Linux does not arm: it
// allows about 500 epoll sets for each.
const refusedInterval = 10 * time.Millisecond

// ownFD is the number of Poller.own in a pollSet.
const ownFD = -1

// section: the poll

// poll returns what has become ready, or all. With ErrorSocketClosed it returns
// the items of the socket that is closed, which are not there any more.
func (p *Poller) poll(ctx context.Context, timeout time.Duration, all bool) ([]Polled, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.onlySocket() == nil {
		if p.polls++; p.polls > keepAfter {
			p.keepQueue()
		}
	}
	var ready []*pollItem
	var err error
	if timeout == 0 || !p.waits() {
		ready, err = p.collect()
	}
	// Nobody can end a wait without limit for nothing.
	done := func() bool {
		return err != nil || len(ready) > 0 || timeout < 0 && p.items.count == 0 && ctx.Done() == nil
	}
	if !done() && timeout != 0 {
		p.waiting++
		defer p.endWait()
		failed := again(ctx, timeout, func(l limit) error {
			return p.wait(ctx, l)
		}, func() bool {
			ready, err = p.collect()
			return done()
		})
		if failed != nil {
			return nil, failed
		}
	}
	return p.list(ready, all && err == nil), err
}

// list makes a list of the items that are ready, or of all.
func (p *Poller) list(ready []*pollItem, all bool) []Polled {
	if all {
		list := make([]Polled, 0, p.items.count)
		for item := p.items.first; item != nil; item = item.next {
			list = append(list, item.polled())
		}
		return list
	}
	list := make([]Polled, len(ready))
	for i, item := range ready {
		list[i] = item.polled()
	}
	return list
}

// wait unlocks the Poller and waits until a look may find something. EAGAIN says that the
// limit is over.
func (p *Poller) wait(ctx context.Context, l limit) error {
	if s := p.onlySocket(); s != nil {
		return p.waitDirect(ctx, s, l)
	}
	if p.q == nil {
		if p.openQueue(); p.q.some() {
			return nil // and look again, for what happened before
		}
	}
	until := l
	if interval := p.interval(); interval > 0 {
		until = l.sooner(interval)
	}
	err := p.waitInQueue(ctx, until)
	if err == eagain && until != l {
		return nil
	}
	return err
}

// endWait ends what a poll that waits has counted.
func (p *Poller) endWait() {
	p.waiting--
	p.closeQueue()
}

// onlySocket returns the socket that the Poller has to wait for, if it is one. A poll
// waits for that without a queue.
func (p *Poller) onlySocket() *socket {
	if p.q != nil || p.bulk || p.items.count == 0 {
		return nil
	}
	m := p.items.first.member
	if len(m.items) != p.items.count {
		return nil
	}
	return m.s
}

// waits says whether a poll for the only socket will have to wait, so that it does so at once.
func (p *Poller) waits() bool {
	s := p.onlySocket()
	return s != nil && s.guess.pollWaits()
}

// waitDirect waits for the only socket.
func (p *Poller) waitDirect(ctx context.Context, s *socket, l limit) error {
	if !s.park.desc.opened() {
		if err := s.openPark(); err != nil && err != ErrorSocketClosed { // which collect reports
			return err
		}
	}
	s.mu.Lock()
	if s.c != nil {
		s.guess.noteWait(s.moved())
	}
	s.mu.Unlock()
	want := pollChanged | p.items.first.member.wanted()&(POLLIN|POLLOUT)
	p.direct = append(p.direct, s)
	parked, err := s.park.waitUnlocking(ctx, want, l, &p.mu)
	s.guess.pollWaited.Store(parked)
	p.mu.Lock()
	i := slices.Index(p.direct, s)
	p.direct = slices.Delete(p.direct, i, i+1)
	return err
}

// wakeDirect ends the waits for the only socket, after a change.
func (p *Poller) wakeDirect() {
	for _, s := range p.direct {
		s.park.wake(pollChanged)
	}
}

// waitInQueue waits until there is something to look at.
func (p *Poller) waitInQueue(ctx context.Context, l limit) error {
	q := p.q
	q.guess.noteWait(p.moved)
	p.mu.Unlock()
	_, err := q.park.wait(ctx, anyEvent, l)
	p.mu.Lock()
	return err
}

// interval returns how often to look at file descriptors that nothing tells of, or 0.
func (p *Poller) interval() time.Duration {
	switch {
	case len(p.fds) == 0:
		return 0
	case p.refused:
		return refusedInterval
	}
	return fdInterval
}

// await waits until a poll may find something, or kick, or ctx is done.
func (p *Poller) await(ctx context.Context) error {
	err := ctx.Err()
	if err != nil {
		return err
	}
	p.mu.Lock()
	err = p.keepQueue()
	q := p.q
	p.mu.Unlock()
	l := limitOf(ctx, -1)
	if err == nil && l.born < q.park.interrupted() {
		return eintr
	}
	for err == nil && q.scan(false) == 0 {
		_, err = q.park.wait(ctx, anyEvent, l)
	}
	return err
}

// kick ends await: now, or the next one.
func (p *Poller) kick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keepQueue() == nil {
		p.own.mark()
	}
}

// section: the look

// collect looks at the members that may be ready: without a queue, at all. With
// ErrorSocketClosed it returns the items of the socket that is closed.
func (p *Poller) collect() (ready []*pollItem, err error) {
	p.refused = false
	if p.q != nil {
		ready, err = p.collectQueued()
	} else {
		for item := p.items.first; item != nil && err == nil; item = item.next {
			if item.leads() {
				ready, err = p.look(item.member, ready)
			}
		}
	}
	if err == nil {
		slices.SortFunc(ready, func(a, b *pollItem) int { return cmp.Compare(a.nth, b.nth) })
	}
	return ready, err
}

// collectQueued looks at the sockets in the queue, and at all file descriptors.
func (p *Poller) collectQueued() (ready []*pollItem, err error) {
	dirty, err := p.q.take()
	for len(dirty) > 0 && err == nil {
		ref := dirty[0]
		dirty = dirty[1:]
		ref.queued.Store(false) // what happens from here on marks it again
		if m := p.refs[ref]; m != nil {
			ready, err = p.look(m, ready)
		}
	}
	p.q.giveBack(dirty)
	for i := 0; i < len(p.fds) && err == nil; i++ {
		ready, err = p.look(p.fds[i], ready)
	}
	return ready, err
}

// look appends the items of a member that are ready, and has the next poll look at it
// again if there is anything to see. It forgets a socket that is closed, and returns its
// items instead.
func (p *Poller) look(m *pollMember, ready []*pollItem) ([]*pollItem, error) {
	before := m.moved
	ev, err := m.lookUp()
	p.moved += m.moved - before
	if err != nil {
		for _, item := range ready {
			item.ready = 0 // the next poll finds it again
		}
		if err == ErrorSocketClosed {
			p.forget(m)
			return m.items, err
		}
		if m.ref != nil {
			m.ref.mark()
		}
		return nil, err
	}
	found := false
	for _, item := range m.items {
		if item.events == 0 {
			continue
		}
		if item.ready = ev & (item.events | POLLERR); item.ready != 0 {
			ready = append(ready, item)
			found = true
		}
	}
	if found {
		m.looked = 0
	}
	if ref := m.ref; ref != nil {
		if !found && !m.isFD {
			ref.q.rearm(ref)
		} else if found || !p.arm(m) {
			ref.mark()
		}
	}
	return ready, nil
}

// arm makes an event on a file descriptor signal the queue. It returns false if the
// descriptor was closed just now, so that the next look finds POLLERR.
func (p *Poller) arm(m *pollMember) bool {
	switch m.ref.q.arm(m.fd, m.wanted()) {
	case nil:
	case Errno(syscall.EBADF):
		return false
	default:
		p.refused = true
	}
	return true
}

// lookUp reads what a member is ready for.
func (m *pollMember) lookUp() (State, error) {
	if m.isFD {
		return State(C.zmq4_fd_events(C.uintptr_t(m.fd), C.int(m.wanted()))), nil
	}
	if _, err := m.s.lock(); err != nil {
		return 0, err
	}
	defer m.s.mu.Unlock()
	m.looked, m.moved = m.s.guess.uses, m.s.moved()
	return m.s.lookUp(m.ref)
}

// lookUp reads what the locked socket is ready for, on behalf of one Poller.
func (s *socket) lookUp(ref *pollRef) (State, error) {
	ev := C.zmq4_events(s.h())
	if ev < 0 {
		s.park.wake(everyone)
		s.tellPollers(everyone, ref)
		return 0, check(ev)
	}
	if State(ev)&POLLIN == 0 {
		s.guess.noteLook()
	}
	s.park.wake(State(ev))
	s.tellPollers(State(ev), ref)
	return State(ev), nil
}

// section: the Poller's queue

// openQueue gives the Poller a queue, if it has none.
func (p *Poller) openQueue() {
	if p.q != nil {
		return
	}
	p.q = pollQueues.Get().(*pollQueue)
	p.own = &pollRef{q: p.q, fd: ownFD}
	p.q.mu.Lock()
	p.q.refs[ownFD] = p.own
	p.q.mu.Unlock()
	p.refs = make(map[*pollRef]*pollMember)
	p.items.each(p.enter)
}

// closeQueue takes the queue away again, unless a poll waits in it or the Poller keeps it.
func (p *Poller) closeQueue() {
	if p.q == nil || p.kept || p.waiting > 0 {
		return
	}
	q := p.q
	p.items.each(p.leave)
	p.q, p.refs, p.own = nil, nil, nil
	if q.failed() != nil {
		q.close()
		return
	}
	q.mu.Lock()
	q.dirty, q.drained = nil, false
	delete(q.refs, ownFD)
	q.mu.Unlock()
	q.guess.remote.Store(false)
	pollQueues.Put(q)
}

// keepQueue gives the Poller a queue for good, if it works.
func (p *Poller) keepQueue() error {
	p.openQueue()
	err := p.q.failed()
	if err == nil && !p.kept {
		p.kept = true
		p.q.keep()
		runtime.AddCleanup(p, (*pollQueue).close, p.q)
	} else if err != nil {
		p.kept = false
		p.closeQueue()
	}
	return err
}

// enter makes the socket of a member tell the queue. File descriptors are
// armed by look.
func (p *Poller) enter(m *pollMember) {
	if m.isFD {
		m.ref = p.own
		m.ref.mark()
		return
	}
	m.ref = &pollRef{q: p.q, fd: -1}
	p.refs[m.ref] = m
	unchanged := false
	if s := m.s; s != nil {
		s.mu.Lock()
		if s.c != nil {
			unchanged = s.c.thread_safe == 0 && s.guess.unused(m.looked) // else its descriptor may be new
			m.ref.mask.Store(int32(m.wanted()))
			m.ref.enter(s)
			unchanged = unchanged && !m.ref.watched
			if s.guess.remote.Load() && !p.bulk {
				p.q.guess.remote.Store(true)
			}
		}
		s.mu.Unlock()
	}
	if !unchanged {
		m.ref.mark()
	}
}

// leave undoes enter.
func (p *Poller) leave(m *pollMember) {
	if m.ref == nil {
		return
	}
	ref := m.ref
	m.ref = nil
	if m.isFD {
		ref.q.disarm(m.fd)
		ref.mark() // for a poll that has nothing to wait for now
		return
	}
	delete(p.refs, ref)
	if s, err := m.s.lock(); err == nil {
		ref.leave(s)
		s.mu.Unlock()
	}
}

// refresh tells the queue what the Poller waits for on a member, and has a poll look.
func (m *pollMember) refresh() {
	m.looked = 0
	if m.ref == nil {
		return
	}
	if !m.isFD {
		m.ref.mask.Store(int32(m.wanted()))
	}
	m.ref.mark()
}

// section: what a socket knows of a Poller

// A pollRef is what a socket knows of a Poller that waits for it. It leads to no
// other socket, so that a Poller that is lost does not keep its sockets alive.
type pollRef struct {
	q       *pollQueue
	s       weak.Pointer[socket]
	fd      int32        // its number in q.refs
	watched bool         // a goroutine watches the socket
	once    bool         // its descriptor signals once
	mask    atomic.Int32 // events that the Poller waits for
	queued  atomic.Bool  // it is in q.dirty
}

// enter makes a locked socket tell the queue: by its descriptor or, if Linux refuses
// one more epoll set that has it, by a goroutine.
func (r *pollRef) enter(s *socket) {
	r.s = weak.Make(s)
	s.polls = append(s.polls, r)
	r.q.park.cancelBefore(s.park.interrupted())
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	if r.q.err != nil {
		return
	}
	r.once = !r.q.kept && s.c.thread_safe == 0 // whose descriptor can be read for ever
	if err := r.q.add(r, s); err != nil {
		if r.q.err = s.watch(); r.q.err != nil {
			return
		}
		r.q.watched--
		r.once, r.watched, r.fd = false, true, r.q.watched
	}
	r.q.refs[r.fd] = r
}

// leave undoes enter, with the socket locked.
func (r *pollRef) leave(s *socket) {
	s.polls = slices.DeleteFunc(s.polls, func(other *pollRef) bool { return r == other })
	r.q.mu.Lock()
	if !r.q.closed && r.q.refs[r.fd] == r {
		if !r.watched && !r.once {
			r.q.set.remove(r.fd)
		}
		delete(r.q.refs, r.fd)
	}
	r.q.mu.Unlock()
	if r.watched {
		r.watched = false
		s.unwatch()
	}
	r.mark()
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

// watch makes a goroutine wait for the locked socket: each scan tells its pollers
// what is there.
func (s *socket) watch() error {
	if s.watchers == 0 {
		if err := s.openLockedPark(); err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		s.endWatch = cancel
		go func() {
			for ctx.Err() == nil && s.scan(false) != everyone { // else no wait would be one
				s.park.wait(ctx, 0, limitOf(ctx, -1))
			}
		}()
	}
	s.watchers++
	return nil
}

// unwatch undoes watch.
func (s *socket) unwatch() {
	if s.watchers--; s.watchers == 0 {
		s.endWatch()
	}
}

// section: the queue

// A pollQueue collects the sockets that may have become ready: those that were
// signalled, that somebody used, or that were ready the last time.
type pollQueue struct {
	park  parker
	guess guess

	mu      pollQueueLock
	set     pollSet
	refs    map[int32]*pollRef // by descriptor, as set reports them, or a number below ownFD
	watched int32              // the last of those numbers
	dirty   []*pollRef         // what to look at
	drained bool               // by a scan that has found some, which nobody has looked at yet
	err     error              // why the queue does not work
	closed  bool
	kept    bool // by one Poller, for good

	// The sockets whose descriptors will signal, once, by descriptor. They stay so when a Poller has gone,
	// for the next one that has the same sockets: to add, or to arm, costs as much as a look.
	armed map[int32]weak.Pointer[socket]
}

// pollQueues are queues without sockets, to be used by the next Poller.
var pollQueues = sync.Pool{New: func() any {
	q := &pollQueue{refs: make(map[int32]*pollRef), armed: make(map[int32]weak.Pointer[socket]), watched: ownFD}
	q.park.init(q.scan, &q.guess)
	q.err = q.set.open(&q.park)
	return q
}}

// failed returns why the queue does not work, if it does not.
func (q *pollQueue) failed() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// scan is what the parker looks at.
func (q *pollQueue) scan(bool) State {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drain()
	q.drained = len(q.dirty) > 0
	if q.drained {
		return anyEvent
	}
	return 0
}

// some reports whether there are sockets to look at.
func (q *pollQueue) some() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.dirty) > 0 || q.err != nil
}

// drain moves the sockets that were signalled to q.dirty.
func (q *pollQueue) drain() {
	if q.closed || q.err != nil {
		return
	}
	q.set.drain(func(fd int32) {
		delete(q.armed, fd)
		if ref := q.refs[fd]; ref != nil && ref.queued.CompareAndSwap(false, true) {
			q.dirty = append(q.dirty, ref)
		}
	})
}

// take returns the sockets to look at.
func (q *pollQueue) take() ([]*pollRef, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.drained {
		q.drain()
	}
	q.drained = false
	dirty := q.dirty
	q.dirty = nil
	return dirty, q.err
}

// giveBack undoes take for the sockets that were not looked at, and makes others
// look at them who wait.
func (q *pollQueue) giveBack(rest []*pollRef) {
	if len(rest) == 0 {
		return
	}
	q.mu.Lock()
	q.dirty = append(rest, q.dirty...)
	q.mu.Unlock()
	q.park.wake(anyEvent)
}

// add makes the descriptor of a locked socket signal the queue, with q.mu held.
func (q *pollQueue) add(r *pollRef, s *socket) (err error) {
	if r.fd, err = q.set.descriptor(s); err != nil {
		return err
	}
	return q.watch(r)
}

// watch makes the descriptor of a socket signal the queue, if it will not, with q.mu held.
func (q *pollQueue) watch(r *pollRef) error {
	if r.once && q.armed[r.fd] == r.s {
		return nil
	}
	err := q.set.watch(r.fd, r.once)
	if err == nil && r.once {
		q.armed[r.fd] = r.s
	}
	return err
}

// rearm makes the descriptor of a socket signal the queue again, after a look that found nothing.
func (q *pollQueue) rearm(r *pollRef) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil && q.refs[r.fd] == r && r.once {
		q.err = q.watch(r)
	}
}

// keep makes the descriptors signal each time from now on.
func (q *pollQueue) keep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kept = true
	clear(q.armed)
	for _, r := range q.refs {
		if r.once && q.err == nil {
			r.once = false
			q.err = q.watch(r)
		}
	}
}

// arm has the queue signalled when an event is there on a file descriptor.
func (q *pollQueue) arm(fd uintptr, events State) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || q.socketFD(fd) {
		return q.err
	}
	delete(q.armed, int32(fd))
	if events == 0 {
		q.set.disarm(fd)
		return nil
	}
	return q.set.arm(fd, events)
}

// disarm undoes arm.
func (q *pollQueue) disarm(fd uintptr) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil && !q.closed && !q.socketFD(fd) {
		delete(q.armed, int32(fd))
		q.set.disarm(fd)
	}
}

// socketFD reports whether a file descriptor is ZMQ_FD of a socket that tells
// the queue: that is a signal for both.
func (q *pollQueue) socketFD(fd uintptr) bool {
	ref := q.refs[int32(fd)]
	return fdInterval == 0 && ref != nil && ref.fd != ownFD
}

// close is called when the Poller is lost.
func (q *pollQueue) close() {
	q.mu.Lock()
	q.closed = true
	delete(q.refs, ownFD)
	refs := q.refs
	q.dirty, q.refs = nil, nil
	q.mu.Unlock()
	for _, ref := range refs {
		if s := ref.s.Value(); s != nil {
			s.mu.Lock()
			ref.leave(s)
			s.mu.Unlock()
		}
	}
	q.park.close()
}
