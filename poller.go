// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Polled is a socket, or a file descriptor, and the events found on it.
type Polled struct {
	Socket *Socket // nil for a file descriptor
	Events State

	FD   uintptr // the file descriptor, if Socket is nil
	Data any     // what was given to AddData or AddFD
}

// A Poller waits for events on any number of sockets, and on file descriptors
// of the program. It holds no thread. The cost of a poll grows with the
// number of sockets that have events, not with the number of sockets in the
// Poller.
//
// All methods may be called from any goroutine, also while another one polls:
// that poll sees the change.
//
//	poller := zmq4.NewPoller()
//	poller.Add(frontend, zmq4.POLLIN)
//	poller.Add(backend, zmq4.POLLIN)
//	for {
//		polled, err := poller.PollContext(ctx)
//		if err != nil {
//			return err
//		}
//		for _, item := range polled {
//			msg, err := item.Socket.RecvMessage(0)
//			if err != nil {
//				return err
//			}
//			fmt.Println(msg)
//		}
//	}
type Poller struct {
	mu    pollerLock    // guards what follows; never held while waiting
	items pollItems     // what the program has added
	fds   []*pollMember // the members that are file descriptors

	// How the Poller waits, see pollqueue.go.
	direct  []*socket                // what polls wait for that need no queue, see onlySocket
	q       *pollQueue               // nil unless a poll waits with a queue, or kept is set
	kept    bool                     // q is there for good
	refs    map[*pollRef]*pollMember // the members that are sockets, while q is there
	own     *pollRef                 // stands for everything that is not a socket: kick, and file descriptors
	waiting int                      // polls that wait
	polls   int                      // how many there have been with more than one socket
	moved   uint64                   // how many messages have gone in and out between looks
	bulk    bool                     // many messages are better than soon: no naps
	refused bool                     // the last look found a file descriptor that the system does not arm
}

// NewPoller returns a Poller that holds no socket.
func NewPoller() *Poller { return &Poller{} }

// Add adds a socket and the events to wait for: [POLLIN], [POLLOUT], or both.
// It returns an id for [Poller.Update] and [Poller.Remove], which stays valid
// until it is removed. The id is also the index into the result of
// [Poller.PollAll], until an item that was added earlier is removed. (After
// that, a new socket may get an id that is not its index.)
//
// A socket may be added more than once. If a socket is closed, the next poll
// reports it once, and the Poller forgets the socket.
func (p *Poller) Add(soc *Socket, events State) int { return p.AddData(soc, events, nil) }

// AddData is [Poller.Add] with a value of the program's own, which each
// [Polled] of the socket has in Data.
func (p *Poller) AddData(soc *Socket, events State, data any) int {
	m := pollMember{key: memberKey(soc)}
	if soc != nil {
		m.s = soc.s
	}
	return p.add(m, pollItem{soc: soc, events: events, data: data})
}

// AddFD adds a file descriptor (on Windows a SOCKET) that is not a socket of
// this package, and the events to wait for: [POLLIN], [POLLOUT], [POLLPRI],
// or several of them. Its [Polled] has FD and Data, and no Socket. The id is
// like that of [Poller.Add].
//
// As poll(2) does, a Poller reports [POLLERR] without being asked, unless
// events is 0: when the other end has gone for good, and for a number that is
// not an open file descriptor. Every poll does so until the descriptor is
// removed. Regular files are always ready.
//
// The program still owns the descriptor: keep it open while it is in the
// Poller, and remove it before you close it. Every poll checks every
// descriptor. On Linux a waiting poll checks a descriptor again every 10 ms
// if more than about 500 other Pollers hold it. On other systems it does so
// every millisecond.
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
	if other := p.items.byKey(m.key); other != nil {
		m = other
	} else {
		p.hold(m)
	}
	p.items.append(item, m)
	m.refresh()
	p.wakeDirect()
	return item.id
}

// hold takes up a member whose socket or file descriptor the Poller did not hold.
func (p *Poller) hold(m *pollMember) {
	if m.isFD {
		m.fdAt = len(p.fds)
		p.fds = append(p.fds, m)
	}
	if p.q != nil {
		p.enter(m)
	}
}

// Update replaces the events to wait for on the socket with this id, and
// returns the previous ones. With 0 the socket stays in the Poller and has no
// events.
//
// It returns [ErrorNoSocket] if there is no such id.
func (p *Poller) Update(id int, events State) (previous State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.items.find(id)
	if err != nil {
		return 0, err
	}
	return p.update(item, events), nil
}

// UpdateBySocket is [Poller.Update] for the oldest id of the socket.
func (p *Poller) UpdateBySocket(soc *Socket, events State) (previous State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.items.findSocket(soc)
	if err != nil {
		return 0, err
	}
	return p.update(item, events), nil
}

func (p *Poller) update(item *pollItem, events State) (previous State) {
	previous, item.events = item.events, events
	item.member.refresh()
	p.wakeDirect()
	return previous
}

// Remove removes the socket with this id. Other ids stay valid.
//
// It returns [ErrorNoSocket] if there is no such id.
func (p *Poller) Remove(id int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.items.find(id)
	if err != nil {
		return err
	}
	p.remove(item)
	return nil
}

// RemoveBySocket is [Poller.Remove] for the oldest id of the socket.
func (p *Poller) RemoveBySocket(soc *Socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	item, err := p.items.findSocket(soc)
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
		p.items.drop(item)
		m.items = slices.DeleteFunc(m.items, func(other *pollItem) bool { return other == item })
		m.refresh()
	}
	p.wakeDirect()
}

// forget removes a member with all its items.
func (p *Poller) forget(m *pollMember) {
	for _, item := range m.items {
		p.items.drop(item)
	}
	delete(p.items.members, m.key)
	if m.isFD {
		last := p.fds[len(p.fds)-1]
		p.fds[m.fdAt], last.fdAt = last, m.fdAt
		p.fds[len(p.fds)-1] = nil
		p.fds = p.fds[:len(p.fds)-1]
	}
	p.leave(m)
}

// Poll waits until at least one socket has one of its events. It returns all
// sockets that have, in the order in which they were added.
//
// It waits for at most timeout, with a resolution of microseconds, and then
// returns an empty list and no error. If timeout is 0, it does not wait. If
// timeout is negative, it waits without limit, or, if the Poller is empty,
// returns at once.
//
// It returns EMFILE if no file descriptors are left, [ETERM] if the context
// of a socket is terminated, and [ErrorSocketClosed] if a socket is closed.
// The last one comes once for each socket, which the Poller then forgets.
// With an error the list is empty. No event is lost: the next poll reports
// it.
//
// A poll reports an event again and again until the program has dealt with
// it.
//
// Function zmq_poll.
func (p *Poller) Poll(timeout time.Duration) ([]Polled, error) {
	return unlessError(p.poll(interruptible, timeout, false))
}

// PollAll waits as [Poller.Poll] does, but returns all sockets, in the order
// in which they were added. Those without an event have Events 0.
func (p *Poller) PollAll(timeout time.Duration) ([]Polled, error) {
	return unlessError(p.poll(interruptible, timeout, true))
}

// PollContext waits as [Poller.Poll] does, until ctx is done. The error is
// then ctx.Err() in an [*OpError]. An empty Poller waits, too, if ctx can be
// done.
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

// String lists the sockets and their events.
func (p *Poller) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for item := p.items.first; item != nil; item = item.next {
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

// section: a socket alone

// Poll waits until the socket is ready for one of events, and returns those
// that it is ready for. It returns 0 when timeout is over. If timeout is 0,
// it does not wait. If timeout is negative, it waits without limit. A
// [Poller] waits for several sockets.
//
// It returns [ErrorSocketClosed] or [ETERM], in an [*OpError].
func (soc *Socket) Poll(events State, timeout time.Duration) (State, error) {
	ready, err := soc.poll(interruptible, events, timeout)
	return ready, soc.opError("poll", err)
}

// PollContext is [Socket.Poll] that waits until ctx is done. The error is
// then ctx.Err() in an [*OpError].
func (soc *Socket) PollContext(ctx context.Context, events State) (State, error) {
	err := ctx.Err()
	if err != nil {
		return 0, soc.opError("poll", err)
	}
	ready, err := soc.poll(ctx, events, -1)
	return ready, soc.opError("poll", err)
}

func (soc *Socket) poll(ctx context.Context, events State, timeout time.Duration) (State, error) {
	if _, err := soc.Context(); err != nil {
		return 0, err
	}
	g := &soc.s.guess
	if timeout == 0 || !g.pollWaits() {
		ready, err := soc.GetEvents()
		if err != nil || ready&events != 0 || timeout == 0 {
			return ready & events, err
		}
	}
	var ready State
	var err error
	failed := again(ctx, timeout, func(l limit) error {
		parked, err := soc.s.wait(ctx, events, l)
		g.pollWaited.Store(parked)
		return err
	}, func() bool {
		ready, err = soc.GetEvents()
		return err != nil || ready&events != 0
	})
	if failed != nil {
		return 0, failed
	}
	return ready & events, err
}

// section: what a Poller holds

// A pollItem is what one call of Add has added.
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

// polled returns the item with the events that collect has found, once.
func (item *pollItem) polled() Polled {
	ready := item.ready
	item.ready = 0
	return Polled{item.soc, ready, item.member.fd, item.data}
}

// A pollMember is a socket, or a file descriptor, that a Poller holds, by one item or
// more.
type pollMember struct {
	key    any     // see memberKey
	s      *socket // nil if it was closed already
	isFD   bool    // it is fd, and no socket
	fd     uintptr
	fdAt   int      // index in Poller.fds
	ref    *pollRef // nil while the Poller has no queue
	looked uint64   // guess.uses of the socket at the last look, if that found nothing, or 0
	moved  uint64   // socket.moved at the last look
	items  []*pollItem
	first  [1]*pollItem // room for one
}

// memberKey tells members that are sockets apart; others have their descriptor.
func memberKey(soc *Socket) any {
	if soc == nil || soc.s == nil {
		return soc
	}
	return soc.s
}

// wanted returns the events that the Poller waits for on a member.
func (m *pollMember) wanted() (events State) {
	for _, item := range m.items {
		events |= item.events
	}
	return events
}

// pollItems is the list of what was added to a Poller, in that order.
type pollItems struct {
	first, last *pollItem
	count       int
	added       int // how many items there have been
	nextID      int // above all ids that there have been

	// The same by id and by key: nil until there are many.
	ids     map[int]*pollItem
	members map[any]*pollMember
}

// indexAfter is how many items there are before maps are made to find them: they
// would cost a Poller that is made for one poll more than they save.
const indexAfter = 32

// append adds an item, which gets an id, as one of a member.
func (l *pollItems) append(item *pollItem, m *pollMember) {
	if l.ids == nil && l.count == indexAfter {
		l.ids = make(map[int]*pollItem)
		l.members = make(map[any]*pollMember)
		for item := l.first; item != nil; item = item.next {
			l.index(item)
		}
	}
	item.member, item.nth, item.id = m, l.added, l.count
	l.added++
	if l.byID(item.id) != nil {
		item.id = l.nextID
	}
	l.nextID = max(l.nextID, item.id+1)
	l.count++
	if item.prev, l.last = l.last, item; item.prev == nil {
		l.first = item
	} else {
		item.prev.next = item
	}
	m.items = append(m.items, item)
	l.index(item)
}

// index puts an item into the maps, if there are any.
func (l *pollItems) index(item *pollItem) {
	if l.ids != nil {
		l.ids[item.id] = item
		l.members[item.member.key] = item.member
	}
}

// drop removes an item, but not from its member.
func (l *pollItems) drop(item *pollItem) {
	l.count--
	if item.prev == nil {
		l.first = item.next
	} else {
		item.prev.next = item.next
	}
	if item.next == nil {
		l.last = item.prev
	} else {
		item.next.prev = item.prev
	}
	item.prev, item.next = nil, nil
	delete(l.ids, item.id)
}

// byID returns the item with an id, or nil.
func (l *pollItems) byID(id int) *pollItem {
	if l.ids != nil || id >= l.nextID {
		return l.ids[id]
	}
	for item := l.first; item != nil; item = item.next {
		if item.id == id {
			return item
		}
	}
	return nil
}

// byKey returns the member with a key, or nil.
func (l *pollItems) byKey(key any) *pollMember {
	if l.ids != nil {
		return l.members[key]
	}
	for item := l.first; item != nil; item = item.next {
		if m := item.member; m.key == key {
			return m
		}
	}
	return nil
}

// find returns the item with an id.
func (l *pollItems) find(id int) (*pollItem, error) {
	if item := l.byID(id); item != nil {
		return item, nil
	}
	return nil, ErrorNoSocket
}

// findSocket returns the item that was added first for a socket.
func (l *pollItems) findSocket(soc *Socket) (*pollItem, error) {
	if m := l.byKey(memberKey(soc)); m != nil {
		for _, item := range m.items {
			if item.soc == soc {
				return item, nil
			}
		}
	}
	return nil, ErrorNoSocket
}

// each calls f for the members, in the order in which they were added.
func (l *pollItems) each(f func(*pollMember)) {
	for item := l.first; item != nil; item = item.next {
		if item.leads() {
			f(item.member)
		}
	}
}

// leads reports whether the item is the first one of its member.
func (item *pollItem) leads() bool { return item == item.member.items[0] }
