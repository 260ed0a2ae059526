// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// childVariable marks a process that runs one seed.
const childVariable = "ZMQ4_MODEL_CHILD"

// run does what a config says, in this process. It returns how many failures
// there were.
func run(c config, dir string) (failures int64, err error) {
	w, err := newWorld(c, dir)
	if err != nil {
		return 0, err
	}
	defer w.watch()()
	memory := resident()
	switch c.mode {
	case "chaos":
		err = w.chaos()
	case "strict":
		err = w.strictly()
	default:
		err = fmt.Errorf("no mode %q", c.mode)
	}
	if err != nil {
		return 0, err
	}
	made, sent, received := w.ledger.check(false)
	fmt.Printf("model: seed %d, %s: %d messages made, %d sent, %d received; %d workers, %.1f s, %d MiB more\n",
		c.seed, c.mode, made, sent, received, len(w.workers), time.Since(w.start).Seconds(), (resident()-memory)>>20)
	if grown := resident() - memory; grown > memoryLimit {
		w.fail("memory: %d MiB more than before", grown>>20)
	}
	return w.failures.Load(), nil
}

// A result is what became of one seed.
type result struct {
	c         config
	ok        bool
	known     string // the fault that it ran into, if that is known
	signature string // what failures of the same kind have in common
	output    string
}

// arguments are the flags that repeat a config.
func (c *config) arguments() []string {
	args := []string{
		fmt.Sprintf("-model.seeds=%d", c.seed), "-model.mode=" + c.mode, fmt.Sprintf("-model.ops=%d", c.ops),
		fmt.Sprintf("-model.hang=%v", c.hang),
	}
	if c.maxWorkers > 0 {
		args = append(args, fmt.Sprintf("-model.workers=%d", c.maxWorkers))
	}
	for name, re := range map[string]*regexp.Regexp{"only": c.only, "skip": c.skip, "known": c.known, "families": c.families} {
		if re != nil {
			args = append(args, fmt.Sprintf("-model.%s=%s", name, re))
		}
	}
	slices.Sort(args)
	return args
}

// command is what repeats a config, for a shell.
func (c *config) command() string {
	text := "go test ./ctest/model -count=1 -run=TestModel"
	for _, arg := range c.arguments() {
		if strings.ContainsAny(arg, " |()^$*?[]\\") {
			arg = "'" + arg + "'"
		}
		text += " " + arg
	}
	return text
}

// knownLeaks are functions of libzmq whose memory leaks, for the address sanitizer: an
// event of a monitor that its peer does not take, what an XSUB has sent over inproc to
// several XPUBs, and what a connection has received of a message when its socket ends.
const knownLeaks = `leak:zmq::socket_base_t::monitor_event
leak:zmq::xpub_t::xrecv
leak:zmq::v2_decoder_t
leak:zmq::shared_message_memory_allocator
`

// spawn runs a config in a process of its own.
func spawn(c config, dir string, limit time.Duration) result {
	r := result{c: c}
	dir, err := os.MkdirTemp(dir, "")
	if err != nil {
		r.signature, r.output = err.Error(), err.Error()
		return r
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	log, leaks := filepath.Join(dir, "log"), filepath.Join(dir, "leaks")
	if err := os.WriteFile(leaks, []byte(knownLeaks), 0o600); err != nil {
		r.signature, r.output = err.Error(), err.Error()
		return r
	}
	cmd := exec.CommandContext(ctx, os.Args[0], append(c.arguments(), "-test.run=^TestModel$", "-test.timeout=0")...)
	cmd.Env = append(os.Environ(), childVariable+"="+log, "GOTRACEBACK=all", "LSAN_OPTIONS=suppressions="+leaks)
	if testing.Short() { // a few seeds are to pass each time, but libzmq leaks what is half sent when a peer goes: Z107
		cmd.Env = append(cmd.Env, "ASAN_OPTIONS=detect_leaks=0")
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // handled: prints the stacks
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	r.output = out.String()
	if err == nil {
		r.ok = true
		return r
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.output = fmt.Sprintf("model: hang: not done after %v\n", limit) + r.output
	}
	r.signature = signature(r.output)
	for name, f := range faults {
		if f.shows != "" && c.avoid(name) && strings.Contains(r.signature, f.shows) {
			r.known = name
		}
	}
	r.output = fmt.Sprintf("%v\n%s\nlast operations (seconds, worker, number):\n%s\n", err, clipText(r.output), readRings(log))
	return r
}

// signatures are lines that tell what was wrong, the most telling first.
var signatures = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^Assertion failed: .*$`),
	regexp.MustCompile(`(?m)^.*\(src/\w+\.cpp:\d+\)$`), // of errno_assert
	regexp.MustCompile(`(?m)^==\d+==ERROR: .*$`),
	regexp.MustCompile(`(?m)^WARNING: DATA RACE$`),
	regexp.MustCompile(`(?m)^(panic|fatal error): .*$`),
	regexp.MustCompile(`(?m)^SIG\w+: .*$`),
	regexp.MustCompile(`(?m)^model: [^:\n]+: .*$`),
	regexp.MustCompile(`(?m)^left behind:.*$`),
}

var digits = regexp.MustCompile(`0x[0-9a-f]+|\d+`)

func signature(output string) string {
	for _, re := range signatures {
		for _, line := range re.FindAllString(output, -1) {
			if strings.HasPrefix(line, "model: seed ") {
				continue
			}
			if strings.HasPrefix(line, "model: ") || strings.HasPrefix(line, "==") {
				line = digits.ReplaceAllString(line, "N")
			}
			return line
		}
	}
	return "unknown"
}

// clipText keeps the beginning and the end of a long text.
func clipText(s string) string {
	const most = 60_000
	if len(s) <= most {
		return s
	}
	return s[:most/2] + "\n[...]\n" + s[len(s)-most/2:]
}

// minimise looks for the operations without which a seed does not fail any
// more: a config that fails is left with those.
func minimise(r result, dir string, limit time.Duration, tries int, logf func(string, ...any)) result {
	fails := func(c config) (result, bool) {
		for range tries {
			if again := spawn(c, dir, limit); !again.ok && again.signature == r.signature {
				return again, true
			}
		}
		return r, false
	}
	var names []string
	for _, o := range ops {
		if o.name != "open" && r.c.enabled(o.name) {
			names = append(names, o.name)
		}
	}
	skip := func(c config, left []string) config {
		quoted := make([]string, len(left))
		for i, name := range left {
			quoted[i] = regexp.QuoteMeta(name)
		}
		if len(quoted) > 0 {
			c.skip = regexp.MustCompile("^(" + strings.Join(quoted, "|") + ")$")
		}
		return c
	}
	best := r
	var without []string
	for size := len(names) / 2; size > 0; size /= 2 {
		for i := 0; i < len(names); {
			part := names[i:min(i+size, len(names))]
			if again, failed := fails(skip(r.c, slices.Concat(without, part))); failed {
				best, without = again, slices.Concat(without, part)
				names = slices.Delete(slices.Clone(names), i, i+len(part))
				logf("fails without %v", part)
				continue
			}
			i += size
		}
	}
	for ops := r.c.ops / 2; ops > 0; ops /= 2 {
		c := best.c
		c.ops = ops
		again, failed := fails(c)
		if !failed {
			break
		}
		best = again
		logf("fails with %d operations", ops)
	}
	logf("needs %v", names)
	return best
}

// memoryLimit is how much more memory may be resident at the end. Allocators keep some.
const memoryLimit = 512 << 20

// resident returns how many bytes of memory the process has, 0 where that is unknown.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
