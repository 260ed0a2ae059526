// SPDX-License-Identifier: BSD-2-Clause

// This file is the same in the root and in ctest, but for the package: the tests of the
// root may import nothing of this module, and nobody can import theirs. TestLeakCheckCopied
// compares them.

package ctest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// keptGoroutines are functions whose goroutines stay when a test is over.
var keptGoroutines = []string{
	"zmq4.(*zapServer).run", // of the default context, which is not terminated
	"os/signal.loop",        // of the first signal.Notify
}

// checkLeaks runs the tests of a package. One that leaves goroutines or file descriptors
// behind fails. It calls first what makes things that stay, and kept are what descriptors
// may be open on that do.
func checkLeaks(m *testing.M, first func() error, kept ...string) int {
	if err := first(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Package testing has no place that every test passes through.
	tests := reflect.ValueOf(m).Elem().FieldByName("tests").Addr().UnsafePointer()
	for i := range *(*[]testing.InternalTest)(tests) {
		test := &(*(*[]testing.InternalTest)(tests))[i]
		run := test.F
		test.F = func(t *testing.T) {
			before := inUse(kept)
			t.Cleanup(func() { // the first one, which is the last to run
				if t.Failed() {
					return
				}
				if left := before.left(kept); left != "" {
					t.Error("left behind:\n" + left)
				}
			})
			run(t)
		}
	}
	before := inUse(kept)
	code := m.Run()
	if code == 0 {
		if left := before.left(kept); left != "" {
			fmt.Fprintln(os.Stderr, "left behind by examples:\n"+left)
			return 1
		}
	}
	return code
}

// resources are what a test has to give back.
type resources struct {
	goroutines  map[string]string // their stacks, by number
	descriptors map[string]string // what they are open on, by number; only on Linux
}

// inUse looks, but not for descriptors that are open on something kept.
func inUse(kept []string) resources {
	r := resources{make(map[string]string), make(map[string]string)}
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for ; n == len(buf); n = runtime.Stack(buf, true) {
		buf = make([]byte, 2*len(buf))
	}
	for stack := range strings.SplitSeq(strings.TrimSpace(string(buf[:n])), "\n\n") {
		stays := func(function string) bool { return strings.Contains(stack, function+"(") }
		if fields := strings.Fields(stack); len(fields) > 1 && !slices.ContainsFunc(keptGoroutines, stays) {
			r.goroutines[fields[1]] = stack
		}
	}
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && !slices.Contains(kept, target) { // else it was the directory
			r.descriptors[filepath.Base(link)] = target
		}
	}
	return r
}

// left returns what is in use and was not before, once that does not change
// any more for the better.
func (before resources) left(kept []string) (text string) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); runtime.GC() { // closes what was lost
		now := inUse(kept)
		text = ""
		for number, stack := range now.goroutines {
			if _, known := before.goroutines[number]; !known {
				text += stack + "\n\n"
			}
		}
		if len(now.descriptors) > len(before.descriptors) {
			for number, target := range now.descriptors {
				if before.descriptors[number] != target {
					text += fmt.Sprintf("file descriptor %s: %s\n", number, target)
				}
			}
		}
		if text == "" {
			break
		}
	}
	return text
}
