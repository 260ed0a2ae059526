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
	words := []string{d.self, "worker", "-library", impl}
	switch impl {
	case "C":
		words = []string{d.perf}
	case "C-copy":
		words = []string{d.perf, "-copy", "1"}
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
	v, err := parseValues(words)
	if err != nil {
		return err
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

// parseValues reads words of the form name=number.
func parseValues(words []string) (map[string]int, error) {
	v := make(map[string]int)
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil, fmt.Errorf("result %q: %w", w, err)
		}
		v[name] = n
	}
	return v, nil
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
