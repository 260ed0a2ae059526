// SPDX-License-Identifier: BSD-2-Clause

// Package ahead tests that nobody can tell whether a socket takes messages ahead that the program has
// not asked for: a program prints the same in a build that never does.
package ahead

import (
	"bytes"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	first = flag.Uint64("ahead.first", 1, "first seed")
	count = flag.Uint64("ahead.count", 400, "how many seeds")
)

func TestNobodyCanTell(t *testing.T) {
	dir := t.TempDir()
	var outputs [2][]byte
	for i, args := range [][]string{{}, {"-tags=zmq4_noguess"}} {
		program := filepath.Join(dir, fmt.Sprint("program", i))
		build := append(append([]string{"build", "-o", program}, args...), "./program")
		if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		run := exec.Command(program, fmt.Sprint("-first=", *first), fmt.Sprint("-count=", *count))
		var errors bytes.Buffer
		run.Stderr = &errors
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, errors.Bytes())
		}
		outputs[i] = out
	}
	was, is := bytes.Split(outputs[1], []byte("\n")), bytes.Split(outputs[0], []byte("\n"))
	for i := range min(len(was), len(is)) {
		if !bytes.Equal(was[i], is[i]) {
			t.Fatalf("line %d:\nwithout guesses: %s\nwith: %s", i, was[i], is[i])
		}
	}
	if len(was) != len(is) {
		t.Errorf("%d lines without guesses, %d with them", len(was), len(is))
	}
	t.Logf("%d lines", len(was))
}
