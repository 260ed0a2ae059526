// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A large message takes its own memory once, and twice where its size is not known when
// the tool begins to read it.
func TestLargeMessage(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory of its own")
	}
	const size = 64 << 20
	file := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// The test itself has to be small: Linux says that a new process has needed as much
	// memory as the one that made it.
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		receive, send    []string
		stdin            bool // by a pipe
		receiver, sender float64
	}{
		"file":    {[]string{"receive"}, []string{"send", "@" + file}, false, 1, 1},
		"hex":     {[]string{"receive", "--hex"}, []string{"send", "@" + file}, false, 1, 1},
		"raw":     {[]string{"receive", "--raw"}, []string{"send", "--raw"}, true, 1, 2},
		"line":    {[]string{"receive"}, []string{"send"}, true, 1, 2},
		"reply":   {[]string{"reply"}, []string{"request", "@" + file}, false, 1, 1 + 1}, // and that of the reply
		"command": {[]string{"reply", "--raw", "--", "cat"}, []string{"request", "--raw"}, true, 2, 2 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := tool(t, tt.receive[0], "tcp://127.0.0.1:*", "-n", "1")
			endpoint := bound(t, receiver, tt.receive[1:]...)
			sender := tool(t, append([]string{tt.send[0], endpoint}, tt.send[1:]...)...)
			if tt.stdin {
				in, err := os.Open(file)
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				sender.Stdin = struct{ io.Reader }{in}
			}
			if err := sender.Run(); err != nil {
				t.Error(err)
			}
			if code := exitCode(t, receiver); code != 0 {
				t.Errorf("receiver: exit code %d", code)
			}
			for c, limit := range map[*exec.Cmd]float64{receiver: tt.receiver, sender: tt.sender} {
				most := float64(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10) / size
				if most > limit+0.7 { // with the tool itself
					t.Errorf("%v: needs %.2f times the memory of the message", c.Args, most)
				}
			}
		})
	}
}
