// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A worker does the work of one process, like ctest/perf.c: see there.
type worker struct {
	library                        library
	role, typ, peer                string
	endpoint, endpoint2, serverKey string
	bind, sync, curve, noHWM       bool
	parts, subs, sockets, size     int
	conns, senders, receivers      int
	kept                           bool
	warmKiB                        int // what the receiver's memory has grown by when the warm-up is over
	count, warmup                  int
	stdin                          *bufio.Reader
	mu                             sync.Mutex
	ready, started, done           int
	from, to                       mark
	cpuProfile                     string
}

// workerMain runs a worker and does not return if all goes well.
func workerMain(args []string) error {
	var w worker
	var name string
	f := flag.NewFlagSet("worker", flag.ExitOnError)
	f.StringVar(&name, "library", "zmq4", "one of: "+libraryNames())
	f.StringVar(&w.role, "role", "", "send, recv, echo, ask, thr, lat, proxy, serve, shared, poll, park or timers")
	f.StringVar(&w.typ, "type", "", "type of socket")
	f.StringVar(&w.peer, "peer", "", "type of the other socket, if that is in the same process")
	f.StringVar(&w.endpoint, "endpoint", "", "where to bind or connect")
	f.StringVar(&w.endpoint2, "endpoint2", "", "where a proxy binds its back")
	f.StringVar(&w.serverKey, "serverkey", "", "CURVE key of the other side")
	f.StringVar(&w.cpuProfile, "cpuprofile", os.Getenv("BENCH_CPUPROFILE"), "file for a CPU profile")
	number := func(name string) *int { return f.Int(name, 0, "see ctest/perf.c") }
	bind, sync, curve, nohwm, kept := number("bind"), number("sync"), number("curve"), number("nohwm"), number("kept")
	f.IntVar(&w.parts, "parts", 1, "parts per message")
	f.IntVar(&w.subs, "subs", 1, "receiving sockets")
	f.IntVar(&w.sockets, "sockets", 0, "sockets to poll or to block on")
	f.IntVar(&w.conns, "conns", 1, "sending sockets")
	f.IntVar(&w.senders, "senders", 1, "goroutines that send on one socket")
	f.IntVar(&w.receivers, "receivers", 1, "goroutines that receive on one socket")
	f.IntVar(&w.size, "size", 1, "bytes per part")
	f.IntVar(&w.count, "count", 1, "messages to measure")
	f.IntVar(&w.warmup, "warmup", 0, "messages before that")
	f.Parse(args)
	w.bind, w.sync, w.curve, w.noHWM, w.kept = *bind != 0, *sync != 0, *curve != 0, *nohwm != 0, *kept != 0
	w.library = libraries[name]
	if w.library == nil {
		return fmt.Errorf("no library %q", name)
	}
	w.stdin = bufio.NewReader(os.Stdin)
	if w.cpuProfile != "" {
		file, err := os.Create(fmt.Sprintf("%s.%s.%s", w.cpuProfile, name, w.role))
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
	}
	run := map[string]func() error{
		"send": w.sender, "recv": w.receiveAll, "echo": w.echo, "ask": w.ask, "thr": w.throughput, "lat": w.latency,
		"proxy": w.proxy, "serve": w.serve, "shared": w.shared, "poll": w.poll, "park": w.park, "timers": w.timers,
	}[w.role]
	if run == nil {
		return fmt.Errorf("no role %q", w.role)
	}
	return run()
}

// A mark is the state of the process at one time.
type mark struct {
	at      time.Time
	cpu     time.Duration
	mallocs uint64
}

func takeMark() mark {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return mark{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs}
}

// result prints the last line and ends the process.
func (w *worker) result(from, to mark, more ...any) {
	if w.cpuProfile != "" {
		pprof.StopCPUProfile()
	}
	// Not ru_maxrss: that begins with the size of the process that forked.
	fmt.Printf("result ns=%d cpu=%d maxrss=%d threads=%d mallocs=%d", to.at.Sub(from.at).Nanoseconds(),
		to.cpu-from.cpu, status("VmHWM"), status("Threads"), to.mallocs-from.mallocs)
	fmt.Println(more...)
	os.Exit(0) // sockets need not be closed: nothing is left to be sent
}

// status reads a number from /proc/self/status.
func status(name string) (n int) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, err := fmt.Sscanf(s.Text(), name+":%d", &n); k == 1 && err == nil {
			return n
		}
	}
	return 0
}

func (w *worker) waitLine() { w.stdin.ReadString('\n') }

// measureUntilLine measures from now until the driver says that the measurement is over. It returns at once.
func (w *worker) measureUntilLine() {
	from := takeMark()
	go func() {
		w.waitLine()
		w.result(from, takeMark())
	}()
}

func (w *worker) open(typ string, binds bool) (socket, error) {
	o := socketOptions{binds: binds, noHWM: w.noHWM, curve: w.curve, serverKey: w.serverKey, conns: w.conns}
	if w.sockets > 0 || w.conns > 1 {
		o.sockets = 2*w.sockets + w.conns + 10
	}
	return w.library.socket(typ, o)
}

func (w *worker) attach() (socket, error) {
	s, err := w.open(w.typ, w.bind)
	if err != nil {
		return nil, err
	}
	if !w.bind {
		return s, s.connect(w.endpoint)
	}
	at, err := s.bind(w.endpoint)
	if err == nil {
		fmt.Println("endpoint", at, s.key())
	}
	return s, err
}

// both makes two connected sockets in one process: w.typ, and w.peer.
func (w *worker) both(typeBinds bool) (s, peer socket, err error) {
	if typeBinds {
		return w.pair(w.typ, w.peer)
	}
	peer, s, err = w.pair(w.peer, w.typ)
	return s, peer, err
}

// pair makes two connected sockets in one process.
func (w *worker) pair(server, client string) (s, c socket, err error) {
	if s, err = w.open(server, true); err != nil {
		return nil, nil, err
	}
	if c, err = w.open(client, false); err != nil {
		return nil, nil, err
	}
	at, err := s.bind(w.endpoint)
	if err != nil {
		return nil, nil, err
	}
	return s, c, c.connect(at)
}

// payload is one message of w.parts parts.
func (w *worker) payload() [][]byte {
	parts := make([][]byte, w.parts)
	for i := range parts {
		parts[i] = make([]byte, w.size)
	}
	return parts
}

func (w *worker) sender() error {
	var all []socket
	for range w.conns {
		s, err := w.attach()
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	if w.sync {
		if err := w.synchronize(all[0]); err != nil {
			return err
		}
	}
	if err := w.sendByAll(all, w.warmup); err != nil {
		return err
	}
	from := takeMark()
	if err := w.sendByAll(all, w.count); err != nil {
		return err
	}
	w.waitLine()
	w.result(from, takeMark())
	return nil
}

// sendByAll sends n messages, by all sockets in turn.
func (w *worker) sendByAll(all []socket, n int) error {
	payload := w.payload()
	if len(all) == 1 {
		return all[0].send(payload, n)
	}
	for i := range n {
		if err := all[i%len(all)].send(payload, 1); err != nil {
			return err
		}
	}
	return nil
}

// synchronize sends until every subscriber has received something.
func (w *worker) synchronize(s socket) error {
	begin := make(chan struct{})
	go func() {
		w.waitLine()
		close(begin)
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-begin:
			return nil
		case <-tick.C:
			if err := s.send([][]byte{make([]byte, syncSize)}, 1); err != nil {
				return err
			}
		}
	}
}

func (w *worker) receiveAll() error {
	failed := make(chan error, w.subs)
	for range w.subs {
		s, err := w.attach()
		if err != nil {
			return err
		}
		go func() { failed <- w.receive(s) }()
	}
	for range w.subs {
		if err := <-failed; err != nil {
			return err
		}
	}
	w.result(w.from, w.to, fmt.Sprintf(" warmkib=%d", w.warmKiB))
	return nil
}

func (w *worker) receive(s socket) error {
	want := message{w.parts, w.size}
	if w.typ == "ROUTER" {
		want.parts++ // it adds one
	}
	if w.sync {
		if err := s.receive(message{1, syncSize}, 1); err != nil {
			return err
		}
		w.mu.Lock()
		if w.ready++; w.ready == w.subs {
			fmt.Println("ready")
		}
		w.mu.Unlock()
	}
	kib := status("VmRSS")
	if err := s.receive(want, w.warmup); err != nil {
		return err
	}
	w.mu.Lock()
	w.warmKiB = status("VmRSS") - kib
	if w.started++; w.started == 1 {
		w.from = takeMark()
	}
	w.mu.Unlock()
	err := s.receive(want, w.count)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done++; w.done == w.subs {
		w.to = takeMark()
	}
	return err
}

func (w *worker) echo() error {
	s, err := w.attach()
	if err != nil {
		return err
	}
	if err := s.echo(w.warmup); err != nil {
		return err
	}
	from := takeMark()
	if err := s.echo(w.count); err != nil {
		return err
	}
	w.waitLine()
	w.result(from, takeMark())
	return nil
}

func (w *worker) ask() error {
	s, err := w.attach()
	if err != nil {
		return err
	}
	return w.measure(func(n int) error { return s.ask(w.payload()[0], n) })
}

// measure runs f for the warm-up and then for the measurement.
func (w *worker) measure(f func(n int) error) error {
	if err := f(w.warmup); err != nil {
		return err
	}
	from := takeMark()
	if err := f(w.count); err != nil {
		return err
	}
	w.result(from, takeMark())
	return nil
}

func (w *worker) throughput() error {
	s, peer, err := w.both(true)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() {
		if err := peer.send(w.payload(), w.warmup+w.count); err != nil {
			failed <- err
		}
	}()
	go func() { failed <- w.receive(s) }()
	if err := <-failed; err != nil {
		return err
	}
	w.result(w.from, w.to)
	return nil
}

func (w *worker) latency() error {
	s, peer, err := w.both(false)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() {
		if err := peer.echo(w.warmup + w.count); err != nil {
			failed <- err
		}
	}()
	go func() { failed <- w.measure(func(n int) error { return s.ask(w.payload()[0], n) }) }()
	return <-failed
}

func (w *worker) proxy() error {
	front, err := w.open(w.typ, true)
	if err != nil {
		return err
	}
	w.noHWM = true // so that XPUB does not drop
	back, err := w.open(w.peer, true)
	if err != nil {
		return err
	}
	at, err := front.bind(w.endpoint)
	if err != nil {
		return err
	}
	at2, err := back.bind(w.endpoint2)
	if err != nil {
		return err
	}
	w.measureUntilLine()
	fmt.Println("endpoint", at, at2)
	return w.library.proxy(front, back)
}

// poll waits with many sockets, of which one has a message.
func (w *worker) poll() error {
	active, err := w.open("PUSH", false)
	if err != nil {
		return err
	}
	all := make([]socket, w.sockets)
	for i := range all {
		if all[i], err = w.open("PULL", true); err != nil {
			return err
		}
	}
	at, err := all[w.sockets/2].bind(w.endpoint)
	if err != nil {
		return err
	}
	if err := active.connect(at); err != nil {
		return err
	}
	next, err := w.library.poll(all, w.kept)
	if err != nil {
		return err
	}
	payload := w.payload()
	return w.measure(func(n int) error {
		for ; n > 0; n-- {
			if err := active.send(payload, 1); err != nil {
				return err
			}
			if err := next(); err != nil {
				return err
			}
		}
		return nil
	})
}

// park blocks w.subs receives on each of many sockets, and then sends to each.
func (w *worker) park() error {
	pull := make([]socket, w.sockets)
	endpoint := func(i int) string { return fmt.Sprint(w.endpoint, i) }
	var err error
	for i := range pull {
		if pull[i], err = w.open("PULL", true); err != nil {
			return err
		}
		if _, err = pull[i].bind(endpoint(i)); err != nil {
			return err
		}
	}
	runtime.GC()
	rss := status("VmRSS")
	from := takeMark()
	failed := make(chan error, len(pull))
	for _, s := range pull {
		var left atomic.Int32
		left.Store(int32(w.subs))
		for range w.subs {
			go func() {
				err := s.receive(message{1, w.size}, 1)
				if left.Add(-1) == 0 {
					s.close() // also lets the other end of the connection go
					failed <- err
				} else if err != nil {
					failed <- err
				}
			}()
		}
	}
	// There is nothing to wait for that says that all are blocked: it is so
	// when neither threads nor memory have grown for a while.
	for last, same := -1, 0; same < 10; time.Sleep(20 * time.Millisecond) {
		now := status("Threads") + status("VmRSS")
		if same++; now != last {
			last, same = now, 0
		}
	}
	runtime.GC()
	threads, blocked := status("Threads"), status("VmRSS")
	payload := w.payload()
	for i := range pull { // one at a time, as all together would need as many descriptors again
		s, err := w.open("PUSH", false)
		if err != nil {
			return err
		}
		if err := s.connect(endpoint(i)); err != nil {
			return err
		}
		if err := s.send(payload, w.subs); err != nil {
			return err
		}
		if err := <-failed; err != nil {
			return err
		}
		if err := s.close(); err != nil {
			return err
		}
	}
	w.result(from, takeMark(), fmt.Sprintf(" blockedthreads=%d blockedkib=%d", threads, blocked-rss))
	return nil
}

// first runs steps until one fails.
func first(steps ...func() error) error {
	for _, step := range steps {
		if step != nil {
			if err := step(); err != nil {
				return err
			}
		}
	}
	return nil
}

func when(condition bool, step func() error) func() error {
	if !condition {
		return nil
	}
	return step
}
