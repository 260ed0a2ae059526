// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// limit is the most time that one measurement may take.
const limit = 60 * time.Second

// A driver starts the processes of each measurement.
type driver struct {
	dir  string // for sockets of ipc
	perf string // the program of ctest/perf.c
	self string
	made int // endpoints of ipc
	pin  bool
}

// newDriver builds the C program. dir is temporary.
func newDriver(dir string) (*driver, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	allowFiles(65536)
	d := &driver{dir: dir, perf: filepath.Join(dir, "perf"), self: self}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libzmq").Output()
	if err != nil {
		return nil, fmt.Errorf("pkg-config: %w", err)
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	args := append([]string{"-O2", "-o", d.perf, filepath.Join("..", "ctest", "perf.c")}, strings.Fields(string(flags))...)
	if out, err := exec.Command(cc, append(args, "-pthread")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cc, err, out)
	}
	return d, nil
}

// A sample is one measurement. CPU time, allocations and memory are those of
// all processes of the implementation together.
type sample struct {
	ns      float64 // per message, or round trip
	cpu     float64 // ns, the same
	mallocs float64 // the same
	maxrss  int     // KiB
	threads int
	values  map[string]int // of the process that measured
}

// A process is a worker that runs.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	stderr bytes.Buffer
}

// start starts a process, on one processor only if that is not negative.
func (d *driver) start(ctx context.Context, impl string, processor int, args ...any) (*process, error) {
	words := []string{d.perf}
	if impl != "C" {
		words = []string{d.self, "worker", "-library", impl}
	}
	if processor >= 0 {
		words = append([]string{"taskset", "-c", fmt.Sprint(processor)}, words...)
	}
	for _, a := range args {
		words = append(words, fmt.Sprint(a))
	}
	p := &process{cmd: exec.CommandContext(ctx, words[0], words[1:]...)}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(stdout)
	return p, p.cmd.Start()
}

// expect returns the words behind the first one of the next line.
func (p *process) expect(ctx context.Context, first string) ([]string, error) {
	if p.lines.Scan() {
		words := strings.Fields(p.lines.Text())
		if len(words) > 0 && words[0] == first {
			return words[1:], nil
		}
		return nil, fmt.Errorf("%q instead of %q", p.lines.Text(), first)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("no result in %v", limit)
	}
	p.cmd.Wait()
	text, _, _ := strings.Cut(strings.TrimSpace(p.stderr.String()), "\n")
	return nil, fmt.Errorf("%s", strings.TrimPrefix(text, "bench: "))
}

func (p *process) tell() { io.WriteString(p.stdin, "\n") }

// add waits for the result of p.
func (s *sample) add(ctx context.Context, p *process, count int, measured bool) error {
	words, err := p.expect(ctx, "result")
	if err != nil {
		return err
	}
	v := make(map[string]int)
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		v[name], _ = strconv.Atoi(value)
	}
	n := float64(count)
	if measured {
		s.ns, s.values = float64(v["ns"])/n, v
	}
	s.cpu += float64(v["cpu"]) / n
	s.mallocs += float64(v["mallocs"]) / n
	s.maxrss += v["maxrss"]
	s.threads = max(s.threads, v["threads"])
	return p.cmd.Wait()
}

// measure does the work of a row once, in new processes.
func (d *driver) measure(r *row, impl string) (s sample, err error) {
	if r.kind != "park" && impl == "go-zeromq" {
		// It is so much slower that it would take most of the time.
		few := *r
		few.count = max(r.count/10, 1)
		r = &few
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	var started []*process
	defer func() {
		cancel()
		for _, p := range started {
			p.cmd.Wait()
		}
	}()
	start := func(impl string, args ...any) *process {
		if err != nil {
			return nil
		}
		common := []any{"-size", r.size, "-count", r.count, "-warmup", r.warmup, "-conns", r.conns}
		if r.curve {
			common = append(common, "-curve", 1)
		}
		processor := -1
		if d.pin && r.transport != "inproc" {
			processor = min(len(started), runtime.NumCPU()-1)
		}
		var p *process
		if p, err = d.start(ctx, impl, processor, append(common, args...)...); err == nil {
			started = append(started, p)
		}
		return p
	}
	expect := func(p *process, first string) []string {
		if err != nil {
			return nil
		}
		var words []string
		words, err = p.expect(ctx, first)
		return words
	}
	tell := func(p *process) {
		if err == nil {
			p.tell()
		}
	}
	add := func(p *process, count int, measured bool) {
		if err == nil {
			err = s.add(ctx, p, count, measured)
		}
	}
	// connect is how to reach what a process has bound to.
	connect := func(words []string) []any {
		if len(words) == 0 {
			return nil
		}
		args := []any{"-endpoint", words[0]}
		if r.curve && len(words) > 1 {
			args = append(args, "-serverkey", words[1])
		}
		return args
	}
	switch {
	case r.transport == "inproc":
		p := start(impl, "-role", r.kind, "-type", r.types[0], "-peer", r.types[1], "-endpoint", "inproc://perf",
			"-parts", r.parts, "-sockets", r.sockets, "-subs", r.subs)
		add(p, r.count, true)
	case r.kind == "thr":
		recv := start(impl, "-role", "recv", "-type", r.types[0], "-bind", 1, "-parts", r.parts, "-endpoint", d.endpoint(r))
		send := start(impl, append(connect(expect(recv, "endpoint")), "-role", "send", "-type", r.types[1], "-parts", r.parts)...)
		add(recv, r.count, true)
		tell(send)
		add(send, r.count, false)
	case r.kind == "lat":
		echo := start(impl, "-role", "echo", "-type", r.types[1], "-bind", 1, "-endpoint", d.endpoint(r))
		ask := start(impl, append(connect(expect(echo, "endpoint")), "-role", "ask", "-type", r.types[0])...)
		add(ask, r.count, true)
		tell(echo)
		add(echo, r.count, false)
	case r.kind == "fan":
		send := start(impl, "-role", "send", "-type", r.types[1], "-bind", 1, "-sync", 1, "-endpoint", d.endpoint(r))
		recv := start(impl, append(connect(expect(send, "endpoint")), "-role", "recv", "-type", r.types[0], "-sync", 1, "-subs", r.subs)...)
		expect(recv, "ready")
		tell(send)
		add(recv, r.count, true)
		tell(send)
		add(send, r.count, false)
	case r.kind == "proxy":
		// Sender and receiver are in C, whatever the proxy is.
		sender, receiver, parts := "PUB", "SUB", 1
		if r.types[0] == "ROUTER" {
			sender, receiver, parts = "DEALER", "DEALER", 2
		}
		sync := 0
		if sender == "PUB" {
			sync = 1
		}
		proxy := start(impl, "-role", "proxy", "-type", r.types[0], "-peer", r.types[1],
			"-endpoint", d.endpoint(r), "-endpoint2", d.endpoint(r))
		ends := expect(proxy, "endpoint")
		if err != nil {
			return s, err
		}
		recv := start("C", "-role", "recv", "-type", receiver, "-parts", parts, "-nohwm", 1, "-sync", sync, "-endpoint", ends[1])
		send := start("C", "-role", "send", "-type", sender, "-sync", sync, "-endpoint", ends[0])
		if sync != 0 {
			expect(recv, "ready")
			tell(send)
		}
		var other sample
		if err == nil {
			err = other.add(ctx, recv, r.count, true)
		}
		tell(send)
		tell(proxy)
		if err == nil {
			err = other.add(ctx, send, r.count, false)
		}
		add(proxy, r.count+r.warmup, false)
		s.ns = other.ns
	}
	return s, err
}

func (d *driver) endpoint(r *row) string {
	if r.transport == "ipc" {
		d.made++
		return fmt.Sprint("ipc://", filepath.Join(d.dir, "ipc"), d.made)
	}
	return "tcp://127.0.0.1:*"
}

// allowFiles raises the limit of open files, for the workers too, if that is allowed.
func allowFiles(n uint64) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return
	}
	if limit.Max < n && syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}) == nil {
		return
	}
	limit.Cur = limit.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
