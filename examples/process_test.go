// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

// patience is how long a program may take for what should take no time.
const patience = 60 * time.Second

// binaries is where the programs are built, each when it is first wanted.
var binaries struct {
	dir   string
	build sync.Map // name -> func() error
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "zmq4-examples")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries.dir = dir
	code := m.Run()
	if code == 0 && everything() {
		code = missed()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// everything reports whether all tests were to run, and run other programs.
func everything() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// ran and interrupted have the names of the programs that were run, and that
// ended well after what Ctrl-C sends.
var ran, interrupted sync.Map

// missed tells which programs no test has run, or interrupted although they
// handle that, and returns the exit code. Those that cannot run here do not count.
func missed() int {
	code := 0
	for _, name := range programs() {
		source, err := os.ReadFile(filepath.Join(filepath.FromSlash(name), "main.go"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if _, ok := ran.Load(name); !ok {
			fmt.Fprintf(os.Stderr, "no test has run %s\n", name)
			code = 1
		} else if _, ok := interrupted.Load(name); !ok && bytes.Contains(source, []byte("signal.NotifyContext(")) {
			fmt.Fprintf(os.Stderr, "no test has interrupted %s\n", name)
			code = 1
		}
	}
	return code
}

// programs returns the names of the folders that have a main.go.
func programs() []string {
	var names []string
	filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "main.go" {
			names = append(names, filepath.ToSlash(filepath.Dir(p)))
		}
		return nil
	})
	return names
}

// skip skips a test that would run, and interrupt, these programs.
func skip(t *testing.T, why string, programs ...string) {
	t.Helper()
	for _, name := range programs {
		ran.Store(name, true)
		interrupted.Store(name, true)
	}
	t.Skip(why)
}

// needsHandshakes skips a test of these programs if libzmq does not tell who
// was refused, or has no CURVE and that is needed.
func needsHandshakes(t *testing.T, curve bool, programs ...string) {
	t.Helper()
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		skip(t, "libzmq has no handshake events", programs...)
	}
	if curve && !zmq4.HasCurve() {
		skip(t, "libzmq has no CURVE", programs...)
	}
}

// buildFlags are those with which this test was built and that a program has to
// share with it.
func buildFlags() []string {
	info, _ := debug.ReadBuildInfo()
	var flags []string
	for _, s := range info.Settings {
		switch {
		case (s.Key == "-race" || s.Key == "-asan") && s.Value == "true":
			flags = append(flags, s.Key)
		case s.Key == "-tags":
			flags = append(flags, "-tags="+s.Value)
		}
	}
	return flags
}

// binary returns the path of a program, built from the folder of that name.
func binary(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(binaries.dir, strings.ReplaceAll(name, "/", "-"))
	build, _ := binaries.build.LoadOrStore(name, sync.OnceValue(func() error {
		args := append([]string{"build", "-o", path}, buildFlags()...)
		out, err := exec.Command("go", append(args, "./"+name)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("go build ./%s: %w\n%s", name, err, out)
		}
		return nil
	}))
	if err := build.(func() error)(); err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a program that runs, and what it has written so far.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd

	mu      sync.Mutex
	out     bytes.Buffer  // standard output and standard error
	read    int           // how much of out expect has passed
	changed chan struct{} // closed, and replaced, when out grows
	exited  chan struct{} // closed when the program has ended
	err     error         // how it ended
}

// Write takes what the program writes.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
	return p.out.Write(b)
}

// output returns what the program has written so far.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// start runs a program, in a folder of its own, until the test ends at the
// latest.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	if testing.Short() {
		t.Skip("runs other programs")
	}
	return run(t, name, exec.Command(binary(t, name), args...))
}

// run is start for a command that runs the program.
func run(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, name: name, cmd: cmd, changed: make(chan struct{}), exited: make(chan struct{})}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout, p.cmd.Stderr = p, p
	// The race detector would wait a second at the end of each program.
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ran.Store(name, true)
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("%q wrote:\n%s", cmd.Args, p.output())
		}
	})
	return p
}

// expect waits until the program has written something that matches, after what
// the calls before have matched, and returns the match and its groups.
func (p *process) expect(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for ended := false; ; {
		p.mu.Lock()
		rest, changed := p.out.Bytes()[p.read:], p.changed
		if at := re.FindSubmatchIndex(rest); at != nil {
			var groups []string
			for i := 0; i < len(at); i += 2 {
				group := ""
				if at[i] >= 0 {
					group = string(rest[at[i]:at[i+1]])
				}
				groups = append(groups, group)
			}
			p.read += at[1]
			p.mu.Unlock()
			return groups
		}
		p.mu.Unlock()
		if ended {
			p.t.Fatalf("%s ended (%v) and did not write %q", p.name, p.err, pattern)
		}
		select {
		case <-changed:
		case <-p.exited:
			ended = true
		case <-timer.C:
			p.t.Fatalf("%s did not write %q", p.name, pattern)
		}
	}
}

// wait waits until the program has ended by itself, without an error, and
// returns all that it wrote.
func (p *process) wait() string {
	p.t.Helper()
	p.end()
	if p.err != nil {
		p.t.Fatalf("%s: %v", p.name, p.err)
	}
	return p.output()
}

// abandon waits until the program has ended by itself, with status 1, and
// returns all that it wrote.
func (p *process) abandon() string {
	p.t.Helper()
	p.end()
	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		p.t.Fatalf("%s: status %d (%v), want 1", p.name, code, p.err)
	}
	return p.output()
}

// end waits until the program has ended.
func (p *process) end() {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("%s did not end", p.name)
	}
}

// interrupt sends what Ctrl-C sends; the program has to end without an error.
func (p *process) interrupt() string {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
	out := p.wait()
	interrupted.Store(p.name, true)
	return out
}

// kill ends the program at once, as a crash would.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.exited
}
