// SPDX-License-Identifier: BSD-2-Clause

// Package compat tests that a program which was written for pebbe/zmq4 v1.4.0
// does the same here. Program, in its folder, calls all that v1.4.0 exports and
// prints what that returns. It is built with v1.4.0 and with this package, and
// the lines that differ are those which docs/differences.md lists, and no others.
//
// This is a module of its own, so that the root module does not need pebbe/zmq4.
package compat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	root  = "../.."
	pebbe = "github.com/pebbe/zmq4"
	page  = "docs/differences.md"

	// heading begins the list in page. It goes on to the next heading of its level.
	heading = "## Each line of the differential test that differs"

	// again is the status of a case that has to be run again.
	again = 3

	// limit is how long a case may take. Those that are to hang have limits of their own.
	limit = time.Minute
)

// TestDifferences compares what the two programs print.
func TestDifferences(t *testing.T) {
	dir := t.TempDir()
	before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	coverage := filepath.Join(dir, "coverage")
	if err := os.Mkdir(coverage, 0o777); err != nil {
		t.Fatal(err)
	}
	command(t, "go", "build", "-cover", "-coverpkg=./...,"+pebbe, "-o", before, "./program")
	replaced := filepath.Join(dir, "replaced.mod")
	copyFile(t, "go.mod", replaced)
	path, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	command(t, "go", "mod", "edit", "-replace="+pebbe+"="+path, replaced)
	command(t, "go", "build", "-modfile="+replaced, "-o", after, "./program")

	list := strings.Fields(strings.ReplaceAll(command(t, before, "-list"), " ", "_"))
	was, is := runAll(t, before, list, "GOCOVERDIR="+coverage), runAll(t, after, list)
	holds := map[string]bool{strings.ReplaceAll(is["library: Version"], ", ", "."): true, "pgm": is["library: HasPgm"] == "true"}
	compare(t, was, is, holds)
	checkCalled(t, coverage)
	t.Logf("%d lines of %d cases", len(was), len(list))
}

// runAll runs all cases of a program, and returns what each line says.
func runAll(t *testing.T, program string, list []string, env ...string) map[string]string {
	var mu sync.Mutex
	all := make(map[string]string)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4) // most of the time they wait
	for _, name := range list {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			name := strings.ReplaceAll(name, "_", " ")
			start := time.Now()
			lines, err := run(program, name, env)
			for i := 0; err == errAgain && i < 5 && filepath.Base(program) == "before"; i++ {
				lines, err = run(program, name, env)
			}
			mu.Lock()
			defer mu.Unlock()
			if took := time.Since(start); took > 5*time.Second {
				t.Logf("%s %s took %v", filepath.Base(program), name, took.Round(time.Second))
			}
			if err != nil {
				t.Errorf("%s %s: %v", filepath.Base(program), name, err)
			}
			for label, result := range lines {
				all[name+": "+label] = result
			}
		}()
	}
	wg.Wait()
	return all
}

// errAgain says that v1.4.0 has done what it does not always do.
var errAgain = errors.New("the case has to be run again")

// run runs one case. Its last line says how it ended.
func run(program, name string, env []string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, name)
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "GOTRACEBACK=single")
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{w}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	w.Close()
	output, err := io.ReadAll(r)
	if e := cmd.Wait(); e != nil {
		err = e
	}
	lines := make(map[string]string)
	for line := range strings.Lines(string(output)) {
		label, result, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			return lines, fmt.Errorf("it printed %q", line)
		}
		if _, twice := lines[label]; twice {
			return lines, fmt.Errorf("two lines have the label %q", label)
		}
		lines[label] = result
	}
	end, unexpected := ending(err, stderr.String())
	if ctx.Err() != nil {
		return lines, errAgain // no case takes that long, but v1.4.0 hangs now and then
	}
	if unexpected && cmd.ProcessState.ExitCode() == again {
		return nil, errAgain
	}
	if unexpected {
		return lines, fmt.Errorf("%v\n%s", err, stderr.String())
	}
	lines["end"] = end
	return lines, nil
}

// ending says how a process ended. That the program itself failed is unexpected.
func ending(err error, stderr string) (end string, unexpected bool) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "ok", false
	case !errors.As(err, &exit):
		return "", true
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "killed by " + status.Signal().String(), false
	}
	if m := regexp.MustCompile(`(?m)^SIG\w+: .*|^fatal error: .*`).FindString(stderr); m != "" {
		return strings.TrimSpace(m), false
	}
	if m := regexp.MustCompile(`(?m)^panic: (.*)`).FindStringSubmatch(stderr); m != nil && !strings.Contains(stderr, "main.must(") && !strings.Contains(stderr, "main.until(") {
		return "panic(" + strings.TrimSuffix(m[1], " [recovered]") + ")", false
	}
	return "", true
}

// A change is a line that differs.
type change struct{ label, was, is string }

// missing stands for a line that one of the programs has not printed.
const missing = "(no such line)"

func compare(t *testing.T, was, is map[string]string, holds map[string]bool) {
	listed := make(map[string]change)
	for _, c := range readPage(t, holds) {
		if _, ok := listed[c.label]; ok {
			t.Errorf("%s lists %q twice", page, c.label)
		}
		listed[c.label] = c
	}
	labels := maps.Clone(was)
	maps.Copy(labels, is)
	var unlisted []change
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		c := change{label, missing, missing}
		if result, ok := was[label]; ok {
			c.was = result
		}
		if result, ok := is[label]; ok {
			c.is = result
		}
		l, ok := listed[label]
		delete(listed, label)
		switch {
		case c.was == c.is && ok:
			t.Errorf("%s lists %q, which does not differ: %s", page, label, c.was)
		case c.was != c.is && l != c:
			unlisted = append(unlisted, c)
			if ok {
				t.Errorf("%s lists %q as\n\t%s | %s, but it is\n\t%s | %s", page, label, l.was, l.is, c.was, c.is)
			}
		}
	}
	for _, label := range slices.Sorted(maps.Keys(listed)) {
		t.Errorf("%s lists %q, which is not printed", page, label)
	}
	if len(unlisted) > 0 {
		t.Errorf("%d lines differ and are not so listed in %s. Mend what is wrong. What is right is listed there with the reason, as:\n\n%s",
			len(unlisted), page, listing(unlisted))
	}
}

// listing writes changes as readPage reads them: those that are alike together.
func listing(changes []change) string {
	var b strings.Builder
	var order []change
	alike := make(map[change][]string)
	for _, c := range changes {
		name, label, _ := strings.Cut(c.label, ": ")
		key := change{name, c.was, c.is}
		if alike[key] == nil {
			order = append(order, key)
		}
		alike[key] = append(alike[key], label)
	}
	for _, key := range order {
		line := key.label + ": " + alike[key][0]
		for _, label := range alike[key][1:] {
			if len(line)-strings.LastIndexByte(line, '\n') > 110 {
				line += " &\n   "
			} else {
				line += " &"
			}
			line += " " + label
		}
		if len(line)-strings.LastIndexByte(line, '\n')+len(key.was)+len(key.is) > 150 {
			line += "\n   "
		}
		fmt.Fprintf(&b, "%s | %s | %s\n", line, key.was, key.is)
	}
	return b.String()
}

// readPage reads the list in docs/differences.md, which is in fenced blocks: a
// case and one or more labels, what v1.4.0 gives, and what this package gives.
//
//	case: label & another label | v1.4.0 | here
//
// A line that is indented goes on with the one before. A block is left out unless
// each word after text, such as 4.3.4 or pgm, is among those that hold.
func readPage(t *testing.T, holds map[string]bool) []change {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no %q", page, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var lines []string
	fenced, counts := false, false
	for line := range strings.Lines(section) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			words := strings.Fields(strings.TrimPrefix(line, "```text"))
			counts = fenced && !slices.ContainsFunc(words, func(word string) bool { return !holds[word] })
		case !counts || line == "":
		case line[0] == ' ' && len(lines) > 0:
			lines[len(lines)-1] += " " + strings.TrimSpace(line)
		default:
			lines = append(lines, line)
		}
	}
	var changes []change
	for _, line := range lines {
		columns := strings.Split(line, " | ")
		name, labels, ok := strings.Cut(columns[0], ": ")
		if !ok || len(columns) != 3 {
			t.Errorf("%s: %q is not: case: label | v1.4.0 | here", page, line)
			continue
		}
		for label := range strings.SplitSeq(labels, " & ") {
			changes = append(changes, change{name + ": " + label, columns[1], columns[2]})
		}
	}
	return changes
}

// checkCalled checks that each exported function and method of v1.4.0 was run.
func checkCalled(t *testing.T, coverage string) {
	run := make(map[string]bool)
	for line := range strings.Lines(command(t, "go", "tool", "covdata", "func", "-i="+coverage, "-pkg="+pebbe)) {
		f := strings.Fields(line) // zmq4.go:164: *Context.Term 100.0%
		if len(f) != 3 || !strings.HasPrefix(f[0], pebbe) {
			continue
		}
		name := f[1][strings.LastIndexByte(f[1], '.')+1:]
		if ast.IsExported(name) {
			run[f[1]] = f[2] != "0.0%"
		}
	}
	called := 0
	for _, name := range slices.Sorted(maps.Keys(run)) {
		if run[name] {
			called++
		} else {
			t.Errorf("%s was never run", name)
		}
	}
	t.Logf("%d exported functions and methods of v1.4.0 were run", called)
	if called < 200 {
		t.Errorf("only %d exported functions were run", called)
	}
}

// TestEverythingIsUsed checks that the program uses each name that v1.4.0 exports.
func TestEverythingIsUsed(t *testing.T) {
	export := make(map[string]string)
	for line := range strings.Lines(command(t, "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./program")) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		export[path] = file
	}
	fset := token.NewFileSet()
	packages := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(export[path]) })
	names, err := filepath.Glob("program/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	if _, err := (&types.Config{Importer: packages}).Check("program", fset, files, info); err != nil {
		t.Fatal(err)
	}
	used := make(map[types.Object]bool)
	for _, object := range info.Uses {
		used[object] = true
	}
	pkg, err := packages.Import(pebbe)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	check := func(name string, object types.Object) {
		count++
		if !used[object] {
			t.Errorf("the program does not use %s", name)
		}
	}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		check(name, object)
		named, ok := object.Type().(*types.Named)
		if _, isType := object.(*types.TypeName); !isType || !ok {
			continue
		}
		for m := range named.Methods() {
			if m.Exported() {
				check(name+"."+m.Name(), m)
			}
		}
		if s, ok := named.Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				if f.Exported() {
					check(name+"."+f.Name(), f)
				}
			}
		}
	}
	t.Logf("%d names", count)
	if count < 311 {
		t.Errorf("only %d names", count)
	}
}

func command(t *testing.T, name string, arg ...string) string {
	t.Helper()
	cmd := exec.Command(name, arg...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd, err, out, stderr.Bytes())
	}
	return string(out)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
