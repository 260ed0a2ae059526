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
	mu      sync.Mutex
	items   []*pollItem // by id
	nextID  int
	members []*pollMember
	fds     []*pollMember // those of members that are file descriptors

	// q is there while a poll waits, and for good once the Poller has proved to
	// be used again and again: many are made for one poll and lost.
	q       *pollQueue
	kept    bool
	refs    map[*pollRef]*pollMember
	waiting int      // polls that wait
	polls   int      // how many there have been
	bulk    bool     // many messages are better than soon: no naps
	own     *pollRef // stands for what is no socket: kick, and file descriptors
}

// ownFD is the number of Poller.own in a pollSet.
const ownFD = -1

// keepAfter is how many polls there are before a Poller keeps a queue.
const keepAfter = 3

// pollItem is what one call of Add has added.
type pollItem struct {
	id     int
	soc    *Socket
	events State
	data   any
	member *pollMember
	ready  State // while collect runs
}

// pollMember is a socket, or a file descriptor, that a Poller holds, once or more.
type pollMember struct {
	s     *socket // nil if it was closed already
	isFD  bool    // it is fd, and no socket
	fd    uintptr
	ref   *pollRef // nil while the Poller has no queue
	items []*pollItem
}

// pollRef is what a socket knows of a Poller that waits for it. It leads to no
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

// pollQueues are queues without sockets, to be used by the next Poller.
var pollQueues = sync.Pool{New: func() any {
	q := &pollQueue{refs: make(map[int32]*pollRef)}
	q.park.scan = q.scan
	q.err = q.set.open(&q.park)
	return q
}}

// NewPoller returns a Poller that holds no socket.
func NewPoller() *Poller { return &Poller{} }

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
	for _, m := range p.members {
		p.enter(m)
	}
}

// detach takes the queue away again, unless the Poller keeps it.
func (p *Poller) detach() {
	if p.kept || p.waiting > 0 {
		return
	}
	for _, m := range p.members {
		p.leave(m)
	}
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
	q.park.naps.Store(false)
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
		if s.park.naps.Load() && !p.bulk {
			p.q.park.naps.Store(true)
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
		s.polls = slices.DeleteFunc(s.polls, func(r *pollRef) bool { return r == ref })
		ref.leave()
		s.unlock()
	}
}

// Add makes the Poller wait for events on a socket: [POLLIN], [POLLOUT], or
// both. It returns an id for [Poller.Update] and [Poller.Remove], which stays
// valid until it is removed, and which is also the index into what
// [Poller.PollAll] returns for as long as nothing is removed.
//
// A socket may be added more than once. One that is closed, or gets closed,
// is reported by the next poll and then forgotten.
func (p *Poller) Add(soc *Socket, events State) int { return p.AddData(soc, events, nil) }

// AddData is [Poller.Add] with anything of the program's own, which comes back
// in [Polled] with each event.
func (p *Poller) AddData(soc *Socket, events State, data any) int {
	m := &pollMember{}
	if soc != nil {
		m.s = soc.s
	}
	return p.add(m, &pollItem{soc: soc, events: events, data: data})
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
// Linux a poll that waits does so each millisecond.
func (p *Poller) AddFD(fd uintptr, events State, data any) int {
	return p.add(&pollMember{isFD: true, fd: fd}, &pollItem{events: events, data: data})
}

func (p *Poller) add(m *pollMember, item *pollItem) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	m = p.member(m)
	item.id, item.member = p.nextID, m
	p.nextID++
	p.items = append(p.items, item)
	m.items = append(m.items, item)
	m.changed()
	return item.id
}

// member returns the member that is there already for the same, or m.
func (p *Poller) member(m *pollMember) *pollMember {
	if m.isFD || m.s != nil {
		// What is added twice was added lately.
		for _, other := range slices.Backward(p.members) {
			if other.s == m.s && other.isFD == m.isFD && other.fd == m.fd {
				return other
			}
		}
	}
	p.members = append(p.members, m)
	if m.isFD {
		p.fds = append(p.fds, m)
	}
	if p.q != nil {
		p.enter(m)
	}
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

// close is called when the Poller is lost.
func (q *pollQueue) close() {
	q.mu.Lock()
	q.closed = true
	delete(q.refs, ownFD)
	refs := q.refs
	for _, ref := range refs {
		q.set.remove(ref)
	}
	q.dirty, q.refs = nil, nil
	q.mu.Unlock()
	for _, ref := range refs {
		if s := ref.s.Value(); s != nil {
			s.mu.Lock()
			s.polls = slices.DeleteFunc(s.polls, func(r *pollRef) bool { return r == ref })
			s.mu.Unlock()
		}
	}
	q.park.close()
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
	i := slices.IndexFunc(p.items, func(item *pollItem) bool { return item.soc == soc && !item.member.isFD })
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
	item := p.items[i]
	m := item.member
	p.items = slices.Delete(p.items, i, i+1)
	m.items = slices.DeleteFunc(m.items, func(other *pollItem) bool { return other == item })
	if len(m.items) > 0 {
		m.changed()
		return
	}
	p.forget(m)
}

// forget removes a member that has no items any more, or whose socket is closed.
func (p *Poller) forget(m *pollMember) {
	p.items = slices.DeleteFunc(p.items, func(item *pollItem) bool { return item.member == m })
	p.members = slices.DeleteFunc(p.members, func(other *pollMember) bool { return other == m })
	p.fds = slices.DeleteFunc(p.fds, func(other *pollMember) bool { return other == m })
	p.leave(m)
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
	return p.poll(interruptible, timeout, false)
}

// PollAll waits as [Poller.Poll] does, but returns all sockets, in the order
// in which they were added: those with no event, too, with Events 0.
func (p *Poller) PollAll(timeout time.Duration) ([]Polled, error) {
	return p.poll(interruptible, timeout, true)
}

// PollContext waits as [Poller.Poll] does, until ctx is done. The error is then
// ctx.Err() in an [*OpError]. A Poller that holds no socket waits, too, if ctx
// can be done.
func (p *Poller) PollContext(ctx context.Context) ([]Polled, error) {
	if err := ctx.Err(); err != nil {
		return []Polled{}, &OpError{Op: "poll", Err: err}
	}
	polled, err := p.poll(ctx, -1, false)
	if err != nil {
		return polled, &OpError{Op: "poll", Err: err}
	}
	return polled, nil
}

func (p *Poller) poll(ctx context.Context, timeout time.Duration, all bool) ([]Polled, error) {
	var limit time.Time
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.polls++; p.polls > keepAfter {
		p.keep()
	}
	for waiting, expired := false, timeout == 0; ; {
		ready, err := p.collect()
		never := timeout < 0 && len(p.items) == 0 && ctx.Done() == nil
		if err != nil || len(ready) > 0 || expired || never {
			return p.list(ready, all && err == nil), err
		}
		if !waiting {
			waiting = true
			limit = deadline(timeout)
			p.waiting++
			p.attach()
			defer func() {
				p.waiting--
				p.detach()
			}()
		}
		q, until := p.q, limit
		if fdInterval > 0 && len(p.fds) > 0 {
			if next := time.Now().Add(fdInterval); limit.IsZero() || next.Before(limit) {
				until = next
			}
		}
		p.mu.Unlock()
		_, err = q.park.wait(ctx, anyEvent, until)
		p.mu.Lock()
		if err == eagain {
			expired = until == limit
		} else if err != nil {
			return []Polled{}, err
		}
	}
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
	items := ready
	if all {
		items = p.items
	}
	list := make([]Polled, len(items))
	for i, item := range items {
		list[i] = Polled{item.soc, item.ready, item.member.fd, item.data}
	}
	for _, item := range ready {
		item.ready = 0
	}
	return list
}

// collect looks at the sockets that may be ready: without a queue, at all.
func (p *Poller) collect() (ready []*pollItem, err error) {
	if p.q == nil {
		for _, m := range slices.Clone(p.members) {
			err = cmp.Or(err, p.look(m, &ready, err))
		}
	} else {
		var dirty []*pollRef
		dirty, err = p.q.take()
		for _, ref := range dirty {
			ref.queued.Store(false) // what happens from here on marks it again
			if m := p.refs[ref]; m != nil {
				err = cmp.Or(err, p.look(m, &ready, err))
			}
		}
		for _, m := range p.fds {
			err = cmp.Or(err, p.look(m, &ready, err))
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

// look adds the items of a member that are ready, and has it looked at again
// by the next poll if there is anything to see. A socket that is closed is
// forgotten, unless another error is to be reported first.
func (p *Poller) look(m *pollMember, ready *[]*pollItem, earlier error) error {
	ev, err := m.events()
	if err == ErrorSocketClosed && earlier == nil {
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
		err = m.ref.q.arm(m.fd, m.wanted())
		found = err == Errno(syscall.EBADF) // closed just now: POLLERR the next time
		if found {
			err = nil
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
		if item.member.isFD {
			fmt.Fprintf(&b, "fd(%d)%v", item.member.fd, item.events)
			continue
		}
		fmt.Fprintf(&b, "%v%v", item.soc, item.events)
	}
	return "Poller[" + b.String() + "]"
}
