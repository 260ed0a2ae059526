// SPDX-License-Identifier: BSD-2-Clause

// Package goget tests that users can go get the module, and go install the tool.
// It packs both modules as the Go module proxy would, and serves them from a
// folder. It is a module of its own, so that the root module does not need what
// packs it.
package goget

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const modulePath = "github.com/seed45097122/zmq4"

// The module and the tool, both of the version that the tool requires.
var (
	packed = module.Version{Path: modulePath, Version: version()}
	tool   = module.Version{Path: modulePath + "/cmd/zmq4", Version: packed.Version}
)

// incumbent is the module that this one can replace.
var incumbent = module.Version{Path: "github.com/pebbe/zmq4", Version: "v1.4.0"}

// TestGoGet starts with an empty module each time, and goes on to the program
// that runs.
func TestGoGet(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the package for each program")
	}
	u := newUser(t)
	tests := []struct {
		name    string
		path    string // what the program imports
		replace bool
		extra   string // another import
		want    string // the program's output
	}{
		{name: "by its path", path: packed.Path, want: "[hello 42]"},
		{name: "with another package", path: packed.Path, extra: packed.Path + "/cert", want: "[hello 42]"},
		{name: "by replace", path: incumbent.Path, replace: true, want: "[hello 42]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u.dir = t.TempDir()
			u.run(t, "go", "mod", "init", "example.org/user")
			asked := packed
			if test.replace {
				asked = incumbent
				u.run(t, "go", "mod", "edit", "-replace="+asked.Path+"="+packed.String())
			}
			u.run(t, "go", "get", asked.String())
			u.write(t, "main.go", program(test.path, test.extra))
			u.run(t, "go", "mod", "tidy")
			u.run(t, "go", "mod", "verify")
			u.run(t, "go", "vet", ".")
			u.run(t, "go", "build", "-o", "user.exe", ".")
			if got := strings.TrimSpace(u.run(t, filepath.Join(u.dir, "user.exe"))); got != test.want {
				t.Errorf("the program printed %q, want %q", got, test.want)
			}
			u.checkRequirements(t, asked, test.replace)
		})
	}
}

// TestPacked looks at what a user downloads.
func TestPacked(t *testing.T) {
	u := newUser(t)
	u.dir = t.TempDir()
	var got struct{ Dir, Sum string }
	if err := json.Unmarshal([]byte(u.run(t, "go", "mod", "download", "-json", packed.String())), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"LICENSE", "README.md", "go.mod", "shim.h", "shim_fence.h", "socket.go", "cert/cert.go"} {
		if _, err := os.Stat(filepath.Join(got.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	// Nested modules are not part of it, nor are symbolic links.
	err := filepath.WalkDir(got.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "go.mod" && filepath.Dir(path) != got.Dir {
			t.Errorf("%s was packed", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestInstall installs the tool as its README says.
func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the package")
	}
	u := newUser(t)
	for _, query := range []string{tool.Version, "latest"} {
		t.Run(query, func(t *testing.T) {
			u.dir = t.TempDir()
			u.env = append(u.env, "GOBIN="+u.dir)
			u.run(t, "go", "install", tool.Path+"@"+query)
			want := "zmq4 " + tool.Version + ", libzmq "
			if got := u.run(t, filepath.Join(u.dir, "zmq4"), "--version"); !strings.HasPrefix(got, want) {
				t.Errorf("zmq4 --version prints %q, want %q", got, want)
			}
		})
	}
}

// program is a user's whole program: it sends one message. scripts/compat.sh has the same one
// for modules that it makes itself.
func program(path, extra string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package main\n\nimport (\n\t\"fmt\"\n\t\"log\"\n\n\tzmq %q\n", path)
	if extra != "" {
		fmt.Fprintf(&b, "\t_ %q\n", extra)
	}
	b.WriteString(`)

func main() {
	a, err := zmq.NewSocket(zmq.PAIR)
	if err == nil {
		err = a.Bind("inproc://hello")
	}
	if err != nil {
		log.Fatal(err)
	}
	b, err := zmq.NewSocket(zmq.PAIR)
	if err == nil {
		err = b.Connect("inproc://hello")
	}
	if err == nil {
		_, err = b.SendMessage("hello", 42)
	}
	if err != nil {
		log.Fatal(err)
	}
	msg, err := a.RecvMessage(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(msg)
}
`)
	return b.Bytes()
}

// user has a module cache of his own, and a proxy that has the packed module.
type user struct {
	dir string
	env []string
}

func newUser(t *testing.T) *user {
	t.Helper()
	// What else is needed comes from where it comes from here.
	goproxy := strings.TrimSpace(command(t, ".", nil, "go", "env", "GOPROXY"))
	return &user{env: []string{
		"GOPROXY=" + fileURL(pack(t)) + "," + goproxy,
		"GOMODCACHE=" + t.TempDir(),
		"GONOSUMDB=" + packed.Path, // this version is in no checksum database
		"GOFLAGS=-modcacherw -buildvcs=false",
		"GOWORK=off",
	}}
}

func (u *user) run(t *testing.T, name string, arg ...string) string {
	t.Helper()
	return command(t, u.dir, u.env, name, arg...)
}

func (u *user) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(u.dir, name), data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// checkRequirements checks that the user got the one module, and no others.
func (u *user) checkRequirements(t *testing.T, asked module.Version, replaced bool) {
	t.Helper()
	name := filepath.Join(u.dir, "go.mod")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(name, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	var required []module.Version
	for _, r := range mod.Require {
		required = append(required, r.Mod)
	}
	if !slices.Equal(required, []module.Version{asked}) {
		t.Errorf("go.mod requires %v, want %v alone", required, asked)
	}
	sum, err := os.ReadFile(filepath.Join(u.dir, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sum)) {
		// The graph of modules has the tests' modules too: their go.mod, never their code.
		if f := strings.Fields(line); f[0] != packed.Path && !strings.HasSuffix(f[1], "/go.mod") {
			t.Errorf("go.sum has another module: %s", line)
		}
	}
	if n := bytes.Count(sum, []byte(packed.Path+" "+packed.Version+" ")); n != 1 {
		t.Errorf("go.sum has the module %d times:\n%s", n, sum)
	}
}

// version returns the version of the module that the tool requires.
func version() string {
	const name = "../../cmd/zmq4/go.mod"
	data, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	mod, err := modfile.Parse(name, data, nil)
	if err != nil {
		panic(err)
	}
	for _, r := range mod.Require {
		if r.Mod.Path == modulePath {
			return r.Mod.Version
		}
	}
	panic(name + " does not require the module")
}

// pack writes both modules to a folder that is laid out as a module proxy, and
// returns that folder.
func pack(t *testing.T) string {
	t.Helper()
	proxy := t.TempDir()
	for dir, m := range map[string]module.Version{"../..": packed, "../../cmd/zmq4": tool} {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if path := modfile.ModulePath(data); path != m.Path {
			t.Fatalf("the module is called %s, not %s", path, m.Path)
		}
		var archive bytes.Buffer
		if err := zip.CreateFromDir(&archive, m, dir); err != nil {
			t.Fatalf("the module cannot be packed: %v", err)
		}
		info, err := json.Marshal(struct {
			Version string
			Time    time.Time
		}{m.Version, time.Now().UTC()})
		if err != nil {
			t.Fatal(err)
		}
		versions := filepath.Join(proxy, filepath.FromSlash(m.Path), "@v")
		if err := os.MkdirAll(versions, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{
			"list":              []byte(m.Version + "\n"),
			m.Version + ".info": info,
			m.Version + ".mod":  data,
			m.Version + ".zip":  archive.Bytes(),
		} {
			if err := os.WriteFile(filepath.Join(versions, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	return proxy
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" {
		path = "/" + path
	}
	return "file://" + path
}

// command runs a program and returns what it wrote to its standard output.
func command(t *testing.T, dir string, env []string, name string, arg ...string) string {
	t.Helper()
	cmd := exec.Command(name, arg...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd, err, &out, &errs)
	}
	return out.String()
}
