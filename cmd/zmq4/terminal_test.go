// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package main

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/seed45097122/zmq4"
)

// A screen emulates a terminal of any height.
type screen struct {
	columns int
	lines   []string
	column  int      // of the cursor, in the last line
	wrapped bool     // a line was too long
	cleared []string // what lines had when they were cleared
}

// write shows text.
func (s *screen) write(t *testing.T, text string) {
	if s.lines == nil {
		s.lines = []string{""}
	}
	for len(text) > 0 {
		last := &s.lines[len(s.lines)-1]
		if rest, ok := strings.CutPrefix(text, "\x1b[K"); ok {
			s.cleared = append(s.cleared, *last)
			*last, text = (*last)[:s.column], rest
			continue
		}
		c := text[0]
		text = text[1:]
		switch {
		case c == '\r':
			s.column = 0
		case c == '\n':
			s.lines = append(s.lines, "")
			s.column = 0
		case c < ' ' || c > '~':
			t.Fatalf("the terminal gets %q, and then %q", c, text)
		case s.column == s.columns:
			s.wrapped = true
			s.lines = append(s.lines, string(c))
			s.column = 1
		default:
			*last = (*last)[:s.column] + string(c) + (*last)[min(s.column+1, len(*last)):]
			s.column++
		}
	}
}

// onTerminal runs a command on a terminal, and returns the screen at the end.
func onTerminal(t *testing.T, columns uint16, name string, args ...string) *screen {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	master, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	shown, _ := io.ReadAll(master) // a terminal ends with an error
	if code := exitCode(t, c); code != 0 {
		t.Errorf("%s: exit code %d", name, code)
	}
	s := &screen{columns: int(columns)}
	s.write(t, string(shown))
	return s
}

// Progress fits into a line, whatever it counts, and no warning is mixed with it.
func TestProgressOnTerminal(t *testing.T) {
	var warnings []string
	for i := 0; i < 200; i += 7 {
		warnings = append(warnings, fmt.Sprintf("zmq4: warning %d", i))
	}
	for _, columns := range []uint16{80, 40} {
		for name, want := range map[string]string{
			"transfer": `\d+\.\dM msgs  [\d.]+[kM]/s`,
			"total":    `\d+\.\dM/10\.0M msgs  \d+%  [\d.]+[kM]/s(  \ds left)?`,
		} {
			t.Run(fmt.Sprint(name, columns), func(t *testing.T) {
				t.Parallel()
				s := onTerminal(t, columns, name)
				if s.wrapped {
					t.Error("a line is longer than the terminal")
				}
				if got := s.lines[:len(s.lines)-1]; !slices.Equal(got, warnings) {
					t.Errorf("the terminal has the lines %q", got)
				}
				if last := s.lines[len(s.lines)-1]; last != "" {
					t.Errorf("the terminal still shows %q", last)
				}
				seen := map[string]bool{}
				for _, line := range s.cleared {
					if line != "" && !regexp.MustCompile("^"+want+"$").MatchString(line) {
						t.Errorf("progress is %q", line)
					}
					seen[line] = true
				}
				if len(seen) < 4 {
					t.Errorf("progress is only %q", s.cleared)
				}
			})
		}
	}
}

// A command in the background, or on a terminal that cannot do it, shows no progress.
func TestNoProgressOnTerminal(t *testing.T) {
	t.Run("background", func(t *testing.T) {
		t.Parallel()
		if s := onTerminal(t, 80, "bash", "-mc", "transfer & wait"); len(s.cleared) > 0 {
			t.Errorf("progress is %q", s.cleared)
		}
	})
	t.Run("dumb", func(t *testing.T) {
		t.Parallel()
		if s := onTerminal(t, 80, "env", "TERM=dumb", "transfer"); len(s.cleared) > 0 {
			t.Errorf("progress is %q", s.cleared)
		}
	})
}

// A bench shows how far it is, and its result after that.
func TestBenchOnTerminal(t *testing.T) {
	server, err := zmq4.NewSocket(zmq4.REP)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.Bind("tcp://127.0.0.1:*"); err != nil {
		t.Fatal(err)
	}
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		ticks := time.NewTicker(10 * time.Millisecond)
		defer ticks.Stop()
		for range ticks.C {
			if _, err := server.RecvBytes(0); err != nil {
				return
			}
			server.SendBytes(make([]byte, 64), 0)
		}
	}()
	s := onTerminal(t, 40, "zmq4", "bench", "latency", "-n", "50", "--rounds", "4", "--role", "remote", "--json", "--timeout", "60s", endpoint)
	for _, line := range s.cleared {
		if line != "" && !regexp.MustCompile(`^\d+/200 msgs  \d+%  \d+/s  [\dms]+ left$`).MatchString(line) {
			t.Errorf("progress is %q", line)
		}
	}
	if len(s.cleared) < 4 {
		t.Errorf("progress is only %q", s.cleared)
	}
	if !strings.HasPrefix(s.lines[0], `{"count":50,`) {
		t.Errorf("the result is %q", s.lines)
	}
}
