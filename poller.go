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
	"syscall"
	"time"
	"weak"
)

// Polled is a socket, or a file descriptor, with the events that were found on it.
type Polled struct {
	Socket *Socket // nil for a file descriptor
	Events State

	FD   uintptr // the file descriptor, if Socket is nil
	Data any     // as it was given to AddData or AddFD
}

// A Poller waits for events on any number of sockets, and of the program's own
// file descriptors, without a thread. The work of a poll grows with the number
// of sockets that something happened to, not with the number of sockets that
// the Poller holds.
//
// All methods may be called from any goroutine, also while another one waits
// in a poll, which then goes by what was changed.
type Poller struct {
	mu          sync.Mutex
	first, last *pollItem           // of those that there are, in the order in which they were added
	count       int                 // how many
	ids         map[int]*pollItem   // the same by id, once there were many
	members     map[any]*pollMember // by key, likewise
	added       int                 // how many items there have been
	nextID      int                 // above all ids that there have been
	fds         []*pollMember       // members that are file descriptors

	direct []*socket // what polls wait for that need no queue, see only

	// q is there while a poll waits, and for good once the Poller has proved to
	// be used again and again: many are made for one poll and lost.
	q       *pollQueue
	kept    bool
	refs    map[*pollRef]*pollMember
	waiting int      // polls that wait
	polls   int      // how many there have been with more than one socket
	bulk    bool     // many messages are better than soon: no naps
	own     *pollRef // stands for what is no socket: kick, and file descriptors
	refused bool     // the system did not arm a file descriptor, when it was looked at
}

// refusedInterval is how often to look at a file descriptor that Linux does not arm: it
// allows about 500 epoll sets for each.
const refusedInterval = 10 * time.Millisecond

// ownFD is the number of Poller.own in a pollSet.
const ownFD = -1

// indexAfter is how many items a Poller has before it makes maps to find them: they
// would cost a Poller that is made for one poll more than they save.
const indexAfter = 32

// keepAfter is how many polls there are before a Poller keeps a queue.
const keepAfter = 3

// pollChanged is an event that ends waits for the only socket of a Poller: it may
// have others now.
const pollChanged State = 1 << 28

// pollItem is what one call of Add has added.
type pollItem struct {
	id         int
	nth        int // counts what was added
	prev, next *pollItem
	soc        *Socket
	events     State
	data       any
	member     *pollMember
	ready      State // while collect runs
}

// pollMember is a socket, or a file descriptor, that a Poller holds, once or more.
type pollMember struct {
	key   any     // in Poller.members
	s     *socket // nil if it was closed already
	isFD  bool    // it is fd, and no socket
	fd    uintptr
	fdAt  int      // index in fds
	ref   *pollRef // nil while the Poller has no queue
	items []*pollItem
	first [1]*pollItem // room for one
}

// memberKey tells members that are sockets apart; others have their descriptor.
func memberKey(soc *Socket) any {
	if soc == nil || soc.s == nil {
		return soc
	}
	return soc.s
}

// pollRef is what a socket knows of a Poller that waits for it. It leads to no
// other socket, so that a Poller that is lost does not keep its sockets alive.
type pollRef struct {
	q       *pollQueue
	s       weak.Pointer[socket]
	fd      int32        // its number in q.refs
	watched bool         // a goroutine watches the socket
	mask    atomic.Int32 // events that the Poller waits for
	queued  atomic.Bool  // it is in q.dirty
}

// pollQueue collects the sockets that may have become ready: those that were
// signalled, that somebody used, or that were ready the last time.
type pollQueue struct {
	park  parker
	guess guess

	mu      sync.Mutex
	set     pollSet
	refs    map[int32]*pollRef // by descriptor, as set reports them, or a number below ownFD
	watched int32              // the last of those numbers
	dirty   []*pollRef
	err     error // why the queue does not work
	closed  bool
}

// pollQueues are queues without sockets, to be used by the next Poller.
var pollQueues = sync.Pool{New: func() any {
	q := &pollQueue{refs: make(map[int32]*pollRef), watched: ownFD}
	q.park.init(q.scan, &q.guess)
	q.err = q.set.open(&q.park)
	return q
}}

// NewPoller returns a Poller that holds no socket.
func NewPoller() *Poller { return &Poller{} }

// each calls f for the members, in the order in which they were added, while it
// returns true.
func (p *Poller) each(f func(*pollMember) bool) {
	for item := p.first; item != nil; item = item.next {
		if item == item.member.items[0] && !f(item.member) {
			return
		}
	}
}

// only returns the socket that the Poller has to wait for, if it is one. A poll
// waits for that as a receive does, without a queue.
func (p *Poller) only() *socket {
	if p.q != nil || p.bulk || p.count == 0 {
		return nil
	}
	m := p.first.member
	if len(m.items) != p.count {
		return nil
	}
	return m.s
}

// stir ends the waits for the only socket.
func (p *Poller) stir() {
	for _, s := range p.direct {
		s.park.wake(pollChanged)
	}
}

// attach gives the Poller a queue.
func (p *Poller) attach() {
	if p.q != nil {
		return
	}
	p.q = pollQueues.Get().(*pollQueue)
	p.own = &pollRef{q: p.q, fd: ownFD}
	p.q.mu.Lock()
	p.q.refs[ownFD] = p.own
	p.q.mu.Unlock()
	p.refs = make(map[*pollRef]*pollMember)
	p.each(func(m *pollMember) bool { p.enter(m); return true })
}

// detach takes the queue away again, unless the Poller keeps it.
func (p *Poller) detach() {
	if p.q == nil || p.kept || p.waiting > 0 {
		return
	}
	p.each(func(m *pollMember) bool { p.leave(m); return true })
	q := p.q
	p.q, p.refs, p.own = nil, nil, nil
	if q.failed() != nil {
		q.close()
		return
	}
	q.mu.Lock()
	q.dirty = nil
	delete(q.refs, ownFD)
	q.mu.Unlock()
	q.guess.remote.Store(false)
	pollQueues.Put(q)
}

// keep gives the Poller a queue for good, if it works.
func (p *Poller) keep() error {
	p.attach()
	err := p.q.failed()
	if err == nil && !p.kept {
		p.kept = true
		runtime.AddCleanup(p, (*pollQueue).close, p.q)
	} else if err != nil {
		p.kept = false
		p.detach()
	}
	return err
}

// failed returns why the queue does not work, if it does not.
func (q *pollQueue) failed() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
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
	if s, err := m.s.lock(); err == nil {
		m.ref.enter(s)
		if s.guess.remote.Load() && !p.bulk {
			p.q.guess.remote.Store(true)
		}
		s.mu.Unlock()
	}
	m.changed()
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

// Add makes the Poller wait for events on a socket: [POLLIN], [POLLOUT], or
// both. It returns an id for [Poller.Update] and [Poller.Remove], which stays
// valid until it is removed. The id is also the index into what [Poller.PollAll]
// returns, until something that was added earlier is removed. The exception is
// a socket that is added after such a removal, if an older one has that id.
//
// A socket may be added more than once. One that is closed, or gets closed,
// is reported by the next poll and then forgotten.
func (p *Poller) Add(soc *Socket, events State) int { return p.AddData(soc, events, nil) }

// AddData is [Poller.Add] with anything of the program's own, which comes back
// in [Polled] with each event.
func (p *Poller) AddData(soc *Socket, events State, data any) int {
	m := pollMember{key: memberKey(soc)}
	if soc != nil {
		m.s = soc.s
	}
	return p.add(m, pollItem{soc: soc, events: events, data: data})
}

// AddFD makes the Poller wait for events on a file descriptor, or on a SOCKET of
// Windows, that is not a socket of this package: [POLLIN], [POLLOUT],
// [POLLPRI], or several of them. The item in [Polled] has no Socket, but the
// descriptor and data, which may be nil. The id is as that of [Poller.Add].
//
// As poll(2) does, it reports [POLLERR] without being asked, unless events is
// 0, when the other end has gone for good, and for what is no open file
// descriptor: by every poll, until it is removed. Regular files are always ready.
//
// The descriptor stays the program's, which has to keep it open, and remove it
// before closing it. A poll looks at every descriptor. Elsewhere than on
// Linux a poll that waits does so each millisecond. On Linux it does so every 10 ms
// for a descriptor that more than about 500 other Pollers hold.
func (p *Poller) AddFD(fd uintptr, events State, data any) int {
	return p.add(pollMember{key: fd, isFD: true, fd: fd}, pollItem{events: events, data: data})
}

func (p *Poller) add(member pollMember, new pollItem) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	both := &struct { // one allocation
		pollMember
		pollItem
	}{member, new}
	m, item := &both.pollMember, &both.pollItem
	m.items = m.first[:0]
	if p.ids == nil && p.count == indexAfter {
		p.ids = make(map[int]*pollItem)
		p.members = make(map[any]*pollMember)
		for item := p.first; item != nil; item = item.next {
			p.index(item)
		}
	}
	m = p.member(m)
	item.member, item.nth, item.id = m, p.added, p.count
	p.added++
	if p.byID(item.id) != nil {
		item.id = p.nextID
	}
	p.nextID = max(p.nextID, item.id+1)
	p.count++
	if item.prev, p.last = p.last, item; item.prev == nil {
		p.first = item
	} else {
		item.prev.next = item
	}
	m.items = append(m.items, item)
	p.index(item)
	m.changed()
	p.stir()
	return item.id
}

// index puts an item into the maps, if there are any.
func (p *Poller) index(item *pollItem) {
	if p.ids != nil {
		p.ids[item.id] = item
		p.members[item.member.key] = item.member
	}
}

// byID returns the item with an id, or nil.
func (p *Poller) byID(id int) *pollItem {
	if p.ids != nil || id >= p.nextID {
		return p.ids[id]
	}
	for item := p.first; item != nil; item = item.next {
		if item.id == id {
			return item
		}
	}
	return nil
}

// byKey returns the member with a key, or nil.
func (p *Poller) byKey(key any) *pollMember {
	if p.ids != nil {
		return p.members[key]
	}
	for item := p.first; item != nil; item = item.next {
		if m := item.member; m.key == key {
			return m
		}
	}
	return nil
}

// member returns the member that is there already for the same, or m.
func (p *Poller) member(m *pollMember) *pollMember {
	if other := p.byKey(m.key); other != nil {
		return other
	}
	if m.isFD {
		m.fdAt = len(p.fds)
		p.fds = append(p.fds, m)
	}
	if p.q != nil {
		p.enter(m)
	}
	return m
}

// enter makes a locked socket tell the queue: by its descriptor or, if Linux refuses
// one more epoll set that has it, by a goroutine.
func (r *pollRef) enter(s *socket) {
	r.s = weak.Make(s)
	s.polls = append(s.polls, r)
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	if r.q.err != nil {
		return
	}
	fd, err := r.q.set.add(s)
	if err != nil {
		if r.q.err = s.watch(); r.q.err != nil {
			return
		}
		r.q.watched--
		r.watched, fd = true, r.q.watched
	}
	r.fd = fd
	r.q.refs[fd] = r
}

// leave undoes enter, with the socket locked.
func (r *pollRef) leave(s *socket) {
	s.polls = slices.DeleteFunc(s.polls, func(other *pollRef) bool { return r == other })
	r.q.mu.Lock()
	if !r.q.closed && r.q.refs[r.fd] == r {
		if !r.watched {
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
				s.park.wait(ctx, 0, time.Time{})
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

// changed recomputes what is waited for on a member.
func (m *pollMember) changed() {
	if m.ref == nil {
		return
	}
	if !m.isFD {
		m.ref.mask.Store(int32(m.wanted()))
	}
	m.ref.mark()
}

// wanted returns what is waited for on a member.
func (m *pollMember) wanted() (events State) {
	for _, item := range m.items {
		events |= item.events
	}
	return events
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

// arm has the queue signalled when an event is there on a file descriptor.
func (q *pollQueue) arm(fd uintptr, events State) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || q.socketFD(fd) {
		return q.err
	}
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
		q.set.disarm(fd)
	}
}

// socketFD reports whether a file descriptor is ZMQ_FD of a socket that tells
// the queue: that is a signal for both.
func (q *pollQueue) socketFD(fd uintptr) bool {
	ref := q.refs[int32(fd)]
	return fdInterval == 0 && ref != nil && ref.fd != ownFD
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

// find returns the item with an id.
func (p *Poller) find(id int) (*pollItem, error) {
	if item := p.byID(id); item != nil {
		return item, nil
	}
	return nil, ErrorNoSocket
}

// findSocket returns the item that was added first for a socket.
func (p *Poller) findSocket(soc *Socket) (*pollItem, error) {
	if m := p.byKey(memberKey(soc)); m != nil {
		for _, item := range m.items {
			if item.soc == soc {
				return item, nil
			}
		}
	}
	return nil, ErrorNoSocket
}

// Update replaces the events that are waited for on the socket with this id,
// and returns the previous ones. With 0 the socket stays but is not waited for.
//
// The error is [ErrorNoSocket] if there is no such id.
func (p *Poller) Update(id int, events State) (previous State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.find(id)
	if err != nil {
		return 0, err
	}
	return p.update(item, events), nil
}

// UpdateBySocket is [Poller.Update] for the id under which the socket was added first.
func (p *Poller) UpdateBySocket(soc *Socket, events State) (previous State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.findSocket(soc)
	if err != nil {
		return 0, err
	}
	return p.update(item, events), nil
}

func (p *Poller) update(item *pollItem, events State) (previous State) {
	previous, item.events = item.events, events
	item.member.changed()
	p.stir()
	return previous
}

// Remove makes the Poller forget the socket with this id. Other ids stay valid.
//
// The error is [ErrorNoSocket] if there is no such id.
func (p *Poller) Remove(id int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.find(id)
	if err != nil {
		return err
	}
	p.remove(item)
	return nil
}

// RemoveBySocket is [Poller.Remove] for the id under which the socket was added first.
func (p *Poller) RemoveBySocket(soc *Socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.findSocket(soc)
	if err != nil {
		return err
	}
	p.remove(item)
	return nil
}

func (p *Poller) remove(item *pollItem) {
	m := item.member
	if len(m.items) == 1 {
		p.forget(m)
	} else {
		p.drop(item)
		m.items = slices.DeleteFunc(m.items, func(other *pollItem) bool { return other == item })
		m.changed()
	}
	p.stir()
}

// drop removes an item, but not from its member.
func (p *Poller) drop(item *pollItem) {
	p.count--
	if item.prev == nil {
		p.first = item.next
	} else {
		item.prev.next = item.next
	}
	if item.next == nil {
		p.last = item.prev
	} else {
		item.next.prev = item.prev
	}
	item.prev, item.next = nil, nil
	delete(p.ids, item.id)
}

// forget removes a member that has no items any more, or whose socket is closed.
func (p *Poller) forget(m *pollMember) {
	for _, item := range m.items {
		p.drop(item)
	}
	delete(p.members, m.key)
	if m.isFD {
		last := p.fds[len(p.fds)-1]
		p.fds[m.fdAt], last.fdAt = last, m.fdAt
		p.fds[len(p.fds)-1] = nil
		p.fds = p.fds[:len(p.fds)-1]
	}
	p.leave(m)
}

// Poll waits until one of the events asked for is there on a socket, and
// returns the sockets that have any, in the order in which they were added.
//
// It waits for at most timeout, to the microsecond; then it returns an empty
// list and no error. With 0 it does not wait. If timeout is negative, it waits
// without limit, or, if the Poller holds no socket, not at all.
//
// The error is EMFILE if there are no file descriptors left. If one of the sockets is
// closed, the error is [ErrorSocketClosed]: once, for the Poller then holds that
// socket no more. If its context is terminated, the error is [ETERM]. With an error the list is empty; events on other sockets
// are not lost, but found by the next poll.
//
// An event that is there is found again by each poll until it is dealt with.
func (p *Poller) Poll(timeout time.Duration) ([]Polled, error) {
	return unlessError(p.poll(interruptible, timeout, false))
}

// PollAll waits as [Poller.Poll] does, but returns all sockets, in the order
// in which they were added: those with no event, too, with Events 0.
func (p *Poller) PollAll(timeout time.Duration) ([]Polled, error) {
	return unlessError(p.poll(interruptible, timeout, true))
}

// PollContext waits as [Poller.Poll] does, until ctx is done. The error is then
// ctx.Err() in an [*OpError]. A Poller that holds no socket waits, too, if ctx
// can be done.
func (p *Poller) PollContext(ctx context.Context) ([]Polled, error) {
	err := ctx.Err()
	var polled []Polled
	if err == nil {
		polled, err = p.poll(ctx, -1, false)
	}
	if err != nil {
		err = &OpError{Op: "poll", Err: err}
	}
	return unlessError(polled, err)
}

func unlessError(polled []Polled, err error) ([]Polled, error) {
	if err != nil {
		return []Polled{}, err
	}
	return polled, nil
}

// poll returns what has become ready, or all. With ErrorSocketClosed it returns
// the items of the socket that is closed, which are not there any more.
func (p *Poller) poll(ctx context.Context, timeout time.Duration, all bool) ([]Polled, error) {
	var limit time.Time
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.only() == nil {
		if p.polls++; p.polls > keepAfter {
			p.keep()
		}
	}
	for waiting, expired := false, timeout == 0; ; {
		ready, err := p.collect()
		never := timeout < 0 && p.count == 0 && ctx.Done() == nil
		if err != nil || len(ready) > 0 || expired || never {
			return p.list(ready, all && err == nil), err
		}
		if !waiting {
			waiting = true
			limit = deadline(timeout)
			p.waiting++
			defer func() {
				p.waiting--
				p.detach()
			}()
		}
		if s := p.only(); s != nil {
			err = p.waitFor(ctx, s, limit)
			expired = err == eagain
		} else if p.q == nil {
			p.attach() // and look again
		} else {
			q, until := p.q, limit
			if interval := p.interval(); interval > 0 {
				if next := time.Now().Add(interval); limit.IsZero() || next.Before(limit) {
					until = next
				}
			}
			p.mu.Unlock()
			_, err = q.park.wait(ctx, anyEvent, until)
			p.mu.Lock()
			expired = err == eagain && until == limit
		}
		if err != nil && err != eagain {
			return nil, err
		}
	}
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

// waitFor waits for the only socket.
func (p *Poller) waitFor(ctx context.Context, s *socket, limit time.Time) error {
	if !s.park.desc.opened() {
		if err := s.openPark(); err != nil && err != ErrorSocketClosed { // which collect reports
			return err
		}
	}
	want := pollChanged | p.first.member.wanted()&(POLLIN|POLLOUT)
	p.direct = append(p.direct, s)
	_, err := s.park.waitUnlocking(ctx, want, limit, &p.mu)
	p.mu.Lock()
	i := slices.Index(p.direct, s)
	p.direct = slices.Delete(p.direct, i, i+1)
	return err
}

// await waits until a poll may find something, or kick, or ctx is done.
func (p *Poller) await(ctx context.Context) error {
	p.mu.Lock()
	err := cmp.Or(ctx.Err(), p.keep())
	q := p.q
	p.mu.Unlock()
	for err == nil && q.scan(false) == 0 {
		_, err = q.park.wait(ctx, anyEvent, time.Time{})
	}
	return err
}

// kick ends await: now, or the next one.
func (p *Poller) kick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keep() == nil {
		p.own.mark()
	}
}

// list makes a list of the items that are ready, or of all.
func (p *Poller) list(ready []*pollItem, all bool) []Polled {
	if all {
		list := make([]Polled, 0, p.count)
		for item := p.first; item != nil; item = item.next {
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

// polled returns the item with the events that collect has found, once.
func (item *pollItem) polled() Polled {
	ready := item.ready
	item.ready = 0
	return Polled{item.soc, ready, item.member.fd, item.data}
}

// collect looks at the sockets that may be ready: without a queue, at all. With
// ErrorSocketClosed it returns the items of the socket that is closed.
func (p *Poller) collect() (ready []*pollItem, err error) {
	var last *pollMember
	p.refused = false
	look := func(m *pollMember) bool {
		last, err = m, p.look(m, &ready)
		return err == nil
	}
	if p.q == nil {
		p.each(look)
	} else {
		var dirty []*pollRef
		dirty, err = p.q.take()
		for len(dirty) > 0 && err == nil {
			ref := dirty[0]
			dirty = dirty[1:]
			ref.queued.Store(false) // what happens from here on marks it again
			if m := p.refs[ref]; m != nil {
				look(m)
			}
		}
		p.q.giveBack(dirty)
		for i := 0; i < len(p.fds) && err == nil; i++ {
			look(p.fds[i])
		}
	}
	if err != nil {
		for _, item := range ready {
			item.ready = 0
		}
		if err == ErrorSocketClosed {
			return last.items, err
		}
		return nil, err
	}
	slices.SortFunc(ready, func(a, b *pollItem) int { return cmp.Compare(a.nth, b.nth) })
	return ready, nil
}

// look adds the items of a member that are ready, and has it looked at again
// by the next poll if there is anything to see. A socket that is closed is
// forgotten.
func (p *Poller) look(m *pollMember, ready *[]*pollItem) error {
	ev, err := m.events()
	if err == ErrorSocketClosed {
		p.forget(m)
		return err
	}
	found := err != nil
	for _, item := range m.items {
		if item.events == 0 {
			continue
		}
		if item.ready = ev & (item.events | POLLERR); item.ready != 0 {
			*ready = append(*ready, item)
			found = true
		}
	}
	if m.ref == nil {
		return err
	}
	if m.isFD && !found {
		switch m.ref.q.arm(m.fd, m.wanted()) {
		case nil:
		case Errno(syscall.EBADF):
			found = true // closed just now: POLLERR the next time
		default:
			p.refused = true
		}
	}
	if found {
		m.ref.mark()
	}
	return err
}

// events reads what a member is ready for.
func (m *pollMember) events() (State, error) {
	if m.isFD {
		return State(C.zmq4_fd_events(C.uintptr_t(m.fd), C.int(m.wanted()))), nil
	}
	return m.s.poll(m.ref)
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
	if State(ev)&POLLIN == 0 {
		s.guess.noteLook()
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
	for item := p.first; item != nil; item = item.next {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if item.member.isFD {
			fmt.Fprintf(&b, "fd(%d)%v", item.member.fd, item.events)
			continue
		}
		fmt.Fprintf(&b, "%v%v", item.soc, item.events)
	}
	return "Poller[" + b.String() + "]"
}

// Poll waits until the socket is ready for one of events, and returns what of
// them it is ready for; 0 when timeout is over. With 0 it does not wait, and
// if timeout is negative it waits without limit. A [Poller] waits for several
// sockets.
//
// The errors are [ErrorSocketClosed] and [ETERM], in an [*OpError].
func (soc *Socket) Poll(events State, timeout time.Duration) (State, error) {
	ready, err := soc.poll(interruptible, events, timeout)
	return ready, soc.opError("poll", err)
}

// PollContext is [Socket.Poll] without a timeout, until ctx is done. The error is an
// [*OpError], with ctx.Err() in it then.
func (soc *Socket) PollContext(ctx context.Context, events State) (State, error) {
	err := ctx.Err()
	if err != nil {
		return 0, soc.opError("poll", err)
	}
	ready, err := soc.poll(ctx, events, -1)
	return ready, soc.opError("poll", err)
}

func (soc *Socket) poll(ctx context.Context, events State, timeout time.Duration) (State, error) {
	var limit time.Time
	for expired := timeout == 0; ; {
		ready, err := soc.GetEvents()
		if err != nil || ready&events != 0 || expired {
			return ready & events, err
		}
		if limit.IsZero() {
			limit = deadline(timeout)
		}
		if _, err := soc.s.wait(ctx, events, limit); err == eagain {
			expired = true
		} else if err != nil {
			return 0, err
		}
	}
}
