// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// A config says what to do in one process.
type config struct {
	seed       uint64
	mode       string // chaos or strict
	ops        int    // operations of each worker in chaos, messages of each sender in strict
	maxWorkers int    // 0 is any number
	only       *regexp.Regexp
	skip       *regexp.Regexp
	known      *regexp.Regexp // faults that are not avoided
	families   *regexp.Regexp // which families, or exchanges, there may be; nil is any
	hang       time.Duration  // how long a call may take
	log        string
}

// A fault is one that is known and not mended yet.
type fault struct {
	what string
	// shows is what a process prints that has run into it, "" for one that an
	// operation avoids: see [config.avoid].
	shows string
}

// faults are to be deleted when they are mended.
var faults = map[string]fault{
	"high-water mark":    {"a new high-water mark of a thread-safe socket while connections end", ""},
	"replies":            {"a REP that drops replies at a low high-water mark, though the client waits for one only", ""},
	"drafts over inproc": {"a DISH with other peers than RADIO; a close while the peer is in use", ""},
	"half sent":          {"parts are never freed if the peer ends while the rest is to come", ""},
	"wrong peer":         {"parts go to another peer if one of three ends while the rest is to come", ""},
	"never freed":        {"a message that was sent to a peer which has gone stays in memory", "the memory of messages was not given back"},
	"heartbeat":          {"a heartbeat ends a connection whose receiver is behind", "_input_stopped (src/stream_engine_base.cpp"},
	"heartbeat, broken":  {"a connection breaks whose receiver is behind, and then its heartbeat is due", "!_io_error (src/stream_engine_base.cpp"},
	"half sent, broken":  {"a connection ends that is just being ended, with a message half sent", "(src/session_base.cpp:2"},
}

// avoid reports whether a known fault is to be avoided.
func (c *config) avoid(fault string) bool {
	if _, known := faults[fault]; !known {
		return false
	}
	return c.known == nil || !c.known.MatchString(fault)
}

// enabled reports whether an operation is not left out by -model.only and -model.skip.
func (c *config) enabled(name string) bool {
	return (c.only == nil || c.only.MatchString(name)) && (c.skip == nil || !c.skip.MatchString(name))
}

// A family is a set of socket types that talk to each other.
type family struct {
	name       string
	types      []zmq.Type
	transports []string
	shape      shape
	fans       bool // a message may go to several receivers
	conflate   bool
	draft      bool
}

var allFamilies = []family{
	{name: "pipeline", types: []zmq.Type{zmq.PUSH, zmq.PULL}, transports: usual},
	{name: "reqrep", types: []zmq.Type{zmq.REQ, zmq.REP, zmq.DEALER, zmq.ROUTER}, transports: usual},
	{name: "dealer", types: []zmq.Type{zmq.DEALER, zmq.ROUTER}, transports: usual},
	{name: "pubsub", types: []zmq.Type{zmq.PUB, zmq.SUB, zmq.XPUB, zmq.XSUB}, transports: usual, fans: true},
	{name: "pair", types: []zmq.Type{zmq.PAIR}, transports: usual},
	{name: "stream", types: []zmq.Type{zmq.STREAM}, transports: []string{"tcp"}},
	{name: "last", types: []zmq.Type{zmq.PUSH, zmq.PULL}, transports: usual, shape: shape{single: true}, conflate: true},
	{name: "last of dealers", types: []zmq.Type{zmq.DEALER}, transports: usual, shape: shape{single: true}, conflate: true},
	{name: "last published", types: []zmq.Type{zmq.PUB, zmq.SUB}, transports: usual, shape: shape{single: true}, conflate: true, fans: true},
	{name: "clientserver", types: []zmq.Type{zmq.CLIENT, zmq.SERVER}, transports: usual, shape: shape{single: true}, draft: true},
	{name: "radio", types: []zmq.Type{zmq.RADIO, zmq.DISH}, transports: append([]string{"udp"}, usual...),
		shape: shape{single: true, small: true}, fans: true, draft: true},
	{name: "scatter", types: []zmq.Type{zmq.SCATTER, zmq.GATHER}, transports: usual, shape: shape{single: true}, draft: true},
	{name: "peer", types: []zmq.Type{zmq.PEER}, transports: usual, shape: shape{single: true}, draft: true},
	{name: "channel", types: []zmq.Type{zmq.CHANNEL}, transports: usual, shape: shape{single: true}, draft: true},
	{name: "dgram", types: []zmq.Type{zmq.DGRAM}, transports: []string{"udp"}, shape: shape{single: true, small: true}, fans: true, draft: true},
}

var usual = []string{"inproc", "tcp", "ipc"}

// A world is everything that one seed has.
type world struct {
	config
	r        *rand.Rand // for what is decided before the workers run
	dir      string     // of ipc endpoints
	start    time.Time
	ledger   *ledger
	groups   []*group
	contexts []atomic.Pointer[zcontext]
	slots    []atomic.Pointer[sock]
	pollers  [3]atomic.Pointer[zmq.Poller]
	mu       sync.Mutex
	workers  []*worker
	file     *os.File // the log

	ids      atomic.Uint32
	lost     atomic.Bool // sockets were left to the garbage collector
	leases   leases      // parts of NewMsgBytes that libzmq still has
	failures atomic.Int64
	ending   atomic.Bool // from now on everything is closed
}

// A group is a family with the places where its sockets meet.
type group struct {
	family
	fixed    []string // inproc and ipc
	resolved [2]atomic.Pointer[string]
}

// leases are parts of Go memory that libzmq has.
type leases struct {
	mu   sync.Mutex
	next int
	has  map[int]string
}

// begin remembers a part. end forgets it, and reports whether it was there.
func (l *leases) begin(what string) (end func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	n := l.next
	if l.has == nil {
		l.has = make(map[int]string)
	}
	l.has[n] = what
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, ok := l.has[n]
		delete(l.has, n)
		return ok
	}
}

// left returns the parts that were not given back.
func (l *leases) left() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Values(l.has))
}

// fail notes a failure.
func (w *world) fail(format string, args ...any) {
	if n := w.failures.Add(1); n <= 10 {
		fmt.Fprintf(os.Stderr, "model: "+format+"\n", args...)
	}
}

// A zcontext is a context with its open sockets.
type zcontext struct {
	*zmq.Context
	mu    sync.Mutex
	socks map[*sock]bool
}

func newContext() (*zcontext, error) {
	c, err := zmq.NewContext()
	if err != nil {
		return nil, err
	}
	return &zcontext{Context: c, socks: make(map[*sock]bool)}, nil
}

func (c *zcontext) open() []*sock {
	c.mu.Lock()
	defer c.mu.Unlock()
	socks := make([]*sock, 0, len(c.socks))
	for s := range c.socks {
		socks = append(socks, s)
	}
	slices.SortFunc(socks, func(a, b *sock) int { return int(a.id) - int(b.id) })
	return socks
}

func (c *zcontext) forget(s *sock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.socks, s)
}

// A sock is a socket with what is known of it.
type sock struct {
	*zmq.Socket
	id    uint32
	typ   zmq.Type
	group *group
	ctx   *zcontext

	// Which worker alone sends or receives, so that it may do so part by part:
	// anyone if all do, but by whole messages; mixed if all do as they like.
	sender, receiver int

	mu        sync.Mutex
	bound     []string
	connected []string
	envelopes [][][]byte // of messages received: whom it can reply to
	peers     []uint32   // the same of SERVER and PEER
}

const (
	anyone = -1
	mixed  = -2
)

// close closes the socket and forgets it.
func (s *sock) close() error {
	s.ctx.forget(s)
	return s.Socket.Close()
}

func (s *sock) places(of *[]string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(*of)
}

// reply remembers whom the socket has heard of.
func (s *sock) reply(envelope [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.envelopes = append(s.envelopes, envelope)
	if len(s.envelopes) > 8 {
		s.envelopes = s.envelopes[1:]
	}
}

// envelope returns what has to precede a message.
func (s *sock) envelope(r *rand.Rand) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.typ {
	case zmq.ROUTER, zmq.STREAM, zmq.DGRAM:
		if len(s.envelopes) > 0 && r.IntN(20) > 0 {
			return pick(r, s.envelopes...)
		}
		if s.typ == zmq.DGRAM {
			return [][]byte{[]byte("127.0.0.1:9")}
		}
		return [][]byte{[]byte("nobody")}
	case zmq.DEALER:
		if r.IntN(3) == 0 && !s.group.shape.single {
			return [][]byte{{}} // for a REP
		}
	}
	return nil
}

// A worker is a goroutine that does one operation after the other.
type worker struct {
	*world
	n       int
	r       *rand.Rand // for the operation that it does
	ring    *ring
	source  map[*group]*source
	mixed   map[*group]*source
	started atomic.Int64 // when the operation began; 0 if there is none
	doing   atomic.Pointer[string]
}

func newWorld(c config, dir string) (*world, error) {
	w := &world{config: c, dir: dir, start: time.Now(), r: rand.New(rand.NewPCG(c.seed, 0))}
	w.ledger = newLedger(w.fail)
	if c.log != "" {
		f, err := os.OpenFile(c.log, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		w.file = f
	}
	w.renewPollers()
	return w, nil
}

// renewPollers forgets the Pollers, which keep lost sockets.
func (w *world) renewPollers() {
	for i := range w.pollers {
		w.pollers[i].Store(zmq.NewPoller())
	}
}

// addFamily adds a family and its places.
func (w *world) addFamily(f family) *group {
	g := &group{family: f}
	for i := range 2 {
		for _, transport := range f.transports {
			switch transport {
			case "inproc":
				g.fixed = append(g.fixed, fmt.Sprintf("inproc://%s-%d", f.name, i))
			case "ipc":
				g.fixed = append(g.fixed, fmt.Sprintf("ipc://%s/%s-%d", w.dir, f.name, i))
			}
		}
	}
	w.groups = append(w.groups, g)
	return g
}

func (w *world) newWorker() *worker {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.workers)
	work := &worker{
		world: w, n: n, ring: &ring{file: w.file, n: n, start: w.start},
		source: make(map[*group]*source), mixed: make(map[*group]*source),
		r: rand.New(rand.NewPCG(w.seed, uint64(n+1)<<32)),
	}
	for _, g := range w.groups {
		work.source[g], work.mixed[g] = w.ledger.source(g.shape), w.ledger.source(g.shape)
		work.mixed[g].flags = flagMixed
		if g.fans {
			work.source[g].fan, work.mixed[g].fan = 0, 0
		}
	}
	w.workers = append(w.workers, work)
	return work
}

// do does one operation, under the eyes of the watchdog.
func (w *worker) do(name string, f func() error) error {
	w.doing.Store(&name)
	w.ring.begin("%s", name)
	w.started.Store(time.Now().UnixNano())
	err := f()
	w.started.Store(0)
	if err == errNothing {
		w.ring.line-- // the next one takes its place
		return err
	}
	w.ring.end(err)
	if !sane(err) {
		w.fail("odd error: %s: %v", name, err)
	}
	return err
}

// oddErrors are those that tell of a fault of the package, not of its use.
var oddErrors = []syscall.Errno{syscall.EINTR, syscall.EFAULT, syscall.EBADF, syscall.ENOTSOCK}

func sane(err error) bool {
	return err == nil || !slices.ContainsFunc(oddErrors, func(odd syscall.Errno) bool { return errors.Is(err, odd) })
}

// watch ends the process with the stacks of all goroutines when an operation
// takes too long. It returns a function that ends it.
func (w *world) watch() (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			w.mu.Lock()
			workers := slices.Clone(w.workers)
			w.mu.Unlock()
			for _, work := range workers {
				start := work.started.Load()
				if start != 0 && time.Since(time.Unix(0, start)) > w.hang {
					w.hung("worker %d: %s takes more than %v", work.n, *work.doing.Load(), w.hang)
				}
			}
		}
	}()
	return func() { close(done) }
}

// hung ends the process.
func (w *world) hung(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "model: hang: "+format+"\n%s\n%s\n", append(args, stacks(), stacksOfC())...)
	os.Exit(3)
}

// stacksOfC returns the stacks of the threads that are inside libzmq, if there
// is a debugger to find them.
func stacksOfC() string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "gdb", "-p", fmt.Sprint(os.Getpid()), "-batch", "-ex", "thread apply all bt 12").Output()
	if err != nil {
		return ""
	}
	var text strings.Builder
	for thread := range strings.SplitSeq(string(out), "\nThread ") {
		if strings.Contains(thread, "zmq::") || strings.Contains(thread, "zmq4_") {
			text.WriteString("thread " + thread + "\n")
		}
	}
	return text.String()
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// within ends the process if f takes too long.
func (w *world) within(what string, f func()) {
	timer := time.AfterFunc(w.hang, func() { w.hung("%s takes more than %v", what, w.hang) })
	defer timer.Stop()
	f()
}

// limit returns a context for a call that may wait.
func (w *worker) limit() (context.Context, context.CancelFunc) {
	if w.mode == "strict" && w.r.IntN(4) > 0 {
		return context.WithCancel(context.Background())
	}
	d := time.Duration(w.r.IntN(20_000)) * time.Microsecond
	if w.r.IntN(2) == 0 {
		return context.WithTimeout(context.Background(), d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(d, cancel)
	return ctx, cancel
}

// rescue ends a call without a context that waits on the socket: in chaos
// somebody closes it.
func (w *worker) rescue(s *sock) (stop func() bool) {
	if w.mode == "strict" {
		return func() bool { return true }
	}
	return time.AfterFunc(time.Duration(12+w.r.IntN(20))*time.Millisecond, func() { s.close() }).Stop
}

// terminate closes what is open in a context and terminates it.
func (w *world) terminate(c *zcontext, term func() error) (err error) {
	done := make(chan struct{})
	go func() {
		err = term()
		close(done)
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		for _, s := range c.open() { // also those that others have just made
			s.close()
		}
		select {
		case <-done:
			return err
		case <-tick.C:
			if w.lost.Load() {
				w.renewPollers()
				runtime.GC()
			}
		}
	}
}

// end closes everything.
func (w *world) end() {
	w.within("the end", func() {
		w.ending.Store(true)
		for i := range w.slots {
			w.slots[i].Store(nil)
		}
		for i := range w.contexts {
			c := w.contexts[i].Load()
			if err := w.terminate(c, c.Term); err != nil {
				w.fail("Term: %v", err)
			}
		}
	})
	for end := time.Now().Add(w.hang); w.leases.left() != nil; runtime.GC() { // which closes what was lost
		if time.Now().After(end) {
			w.fail("leak: the memory of messages was not given back: %v", w.leases.left())
			break
		}
	}
	if w.file != nil {
		w.file.Close()
	}
}
