// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A large message takes its own memory once, however it comes and goes.
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
		begin, end       string // of the input, around size bytes, unless both are empty
		receiver, sender float64
	}{
		"file":    {[]string{"receive"}, []string{"send", "@" + file}, "", "", 1, 1},
		"hex":     {[]string{"receive", "--hex"}, []string{"send", "@" + file}, "", "", 1, 1},
		"json":    {[]string{"receive", "--json"}, []string{"send", "--json"}, `{"parts":["`, `"]}`, 1, 1},
		"base64":  {[]string{"receive", "--json"}, []string{"send", "--json"}, `{"parts":[{"base64":"`, `"}]}`, 0.75, 0.75},
		"raw":     {[]string{"receive", "--raw"}, []string{"send", "--raw"}, "a", "b", 1, 1},
		"line":    {[]string{"receive"}, []string{"send"}, "a", "\n", 1, 1},
		"digits":  {[]string{"receive"}, []string{"send", "--hex"}, "a", "b", 0.5, 1},
		"reply":   {[]string{"reply"}, []string{"request", "@" + file}, "", "", 1, 1 + 1}, // and that of the reply
		"command": {[]string{"reply", "--raw", "--", "cat"}, []string{"request", "--raw"}, "a", "b", 2, 1 + 1},
		"filter":  {[]string{"reply", "--json", "--", "cat"}, []string{"request", "--json"}, `{"parts":["`, `"]}`, 2, 1 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := tool(t, tt.receive[0], "tcp://127.0.0.1:*", "-n", "1")
			endpoint := bound(t, receiver, tt.receive[1:]...)
			sender := tool(t, append([]string{tt.send[0], endpoint}, tt.send[1:]...)...)
			if tt.begin != "" {
				sender.Stdin = io.MultiReader(strings.NewReader(tt.begin), io.LimitReader(repeated('a'), size), strings.NewReader(tt.end))
			}
			if err := sender.Run(); err != nil {
				t.Error(err)
			}
			if code := exitCode(t, receiver); code != 0 {
				t.Errorf("receiver: exit code %d", code)
			}
			for c, limit := range map[*exec.Cmd]float64{receiver: tt.receiver, sender: tt.sender} {
				most := float64(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10) / size
				t.Logf("%.2f %s", most, c.Args[1])
				if most > limit+0.7 { // with the tool itself
					t.Errorf("%v: needs %.2f times the memory of the message", c.Args, most)
				}
			}
		})
	}
}

// repeated is a byte again and again.
type repeated byte

func (c repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}
