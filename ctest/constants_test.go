// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	zmq "github.com/seed45097122/zmq4"
)

// numberDefine is a line of zmq.h that defines a number: not a string, a
// function or an attribute.
var numberDefine = regexp.MustCompile(`(?m)^\s*#\s*define\s+(ZMQ_\w+|E[A-Z]+)[ \t]+[-(0-9A-Z]`)

// headerNames returns the names of all numbers that zmq.h may define.
func headerNames(t *testing.T) []string {
	dir, err := output("pkg-config", "--variable=includedir", "libzmq")
	must(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "zmq.h"))
	must(t, err)
	names := make(map[string]bool)
	for _, m := range numberDefine.FindAllSubmatch(text, -1) {
		names[string(m[1])] = true
	}
	if len(names) < 150 {
		t.Fatalf("only %d names found in zmq.h", len(names))
	}
	return slices.Sorted(maps.Keys(names))
}

// numbers reads lines of a name and a number.
func numbers(t *testing.T, text string) map[string]int64 {
	values := make(map[string]int64)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseInt(value, 10, 64)
		must(t, err)
		values[name] = n
	}
	return values
}

// cConstants returns what constants.c prints if it is compiled with some flags.
func cConstants(t *testing.T, flags ...string) map[string]int64 {
	needCC(t)
	var names bytes.Buffer
	for _, name := range headerNames(t) {
		// Some are behind an #ifdef, of drafts or of a platform.
		fmt.Fprintf(&names, "#ifdef %s\nNUMBER(%[1]s)\n#endif\n", name)
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "names.h"), names.Bytes(), 0o666))
	program, err := compileC(append(flags, "-I"+dir, "constants.c")...)
	must(t, err)
	out, err := output(program)
	must(t, err)
	return numbers(t, out)
}

// goConstants returns the package's exported constants that are made from those
// of C, by their names in C. It asks a program that is generated from the
// package's source, so that none can be forgotten.
func goConstants(t *testing.T) map[string]int64 {
	pkg, err := build.ImportDir("..", 0)
	must(t, err)
	names := make(map[string]string) // by the names in Go
	for _, file := range append(pkg.GoFiles, pkg.CgoFiles...) {
		tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, 0)
		must(t, err)
		for _, decl := range tree.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				spec := spec.(*ast.ValueSpec)
				for i, name := range spec.Names {
					if name.IsExported() && i < len(spec.Values) {
						if c := cName(spec.Values[i]); c != "" {
							names[name.Name] = c
						}
					}
				}
			}
		}
	}
	var program bytes.Buffer
	fmt.Fprintf(&program, "package main\n\nimport (\n\t\"fmt\"\n\n\tzmq %q\n)\n\nfunc main() {\n", pkgPath)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&program, "\tfmt.Println(%q, int64(zmq.%s))\n", names[name], name)
	}
	program.WriteString("}\n")
	main := filepath.Join(t.TempDir(), "main.go")
	must(t, os.WriteFile(main, program.Bytes(), 0o666))
	out, err := output("go", "run", main)
	must(t, err)
	return numbers(t, out)
}

const pkgPath = "github.com/seed45097122/zmq4"

// cName returns the name of the C constant that an expression converts, if it
// does that.
func cName(expr ast.Expr) (name string) {
	ast.Inspect(expr, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "C" {
				name = sel.Sel.Name
			}
		}
		return true
	})
	return name
}

// exposed are the groups of constants that the package must have all of.
var exposed = regexp.MustCompile(`^(ZMQ_(REQ|REP|DEALER|ROUTER|X?PUB|X?SUB|PUSH|PULL|PAIR|STREAM|NULL|PLAIN|CURVE|GSSAPI|GSSAPI_NT_\w+|` +
	`DONTWAIT|SNDMORE|POLLIN|POLLOUT|EVENT_\w+|\w+_DFLT)|E[A-Z]+)$`)

// hidden are those of them that it does without, and why.
var hidden = map[string]string{
	"ZMQ_POLLITEMS_DFLT":           "size of an array in C",
	"ZMQ_THREAD_PRIORITY_DFLT":     "means not to set it",
	"ZMQ_THREAD_SCHED_POLICY_DFLT": "means not to set it",
}

func TestConstants(t *testing.T) {
	stable, all := cConstants(t), cConstants(t, "-DZMQ_BUILD_DRAFT_API")
	inGo := goConstants(t)
	t.Logf("%d constants and sizes in zmq.h, %d constants in Go", len(all), len(inGo))
	if len(inGo) < 50 {
		t.Error("constants of the package have not been found")
	}

	// Each constant has the value that a C program gets for it.
	inC := maps.Clone(all)
	maps.DeleteFunc(inC, func(name string, _ int64) bool { _, ok := inGo[name]; return !ok })
	for name := range inGo {
		if _, ok := inC[name]; !ok {
			t.Logf("%s is newer than this zmq.h", name)
			delete(inGo, name)
		}
	}
	if diff := cmp.Diff(inC, inGo); diff != "" {
		t.Errorf("zmq.h (-) and Go (+) differ:\n%s", diff)
	}

	// And none that a user needs is missing.
	missing := maps.Clone(stable)
	maps.DeleteFunc(missing, func(name string, _ int64) bool {
		_, ok := inGo[name]
		return ok || !exposed.MatchString(name) || hidden[name] != ""
	})
	if diff := cmp.Diff(map[string]int64{}, missing); diff != "" {
		t.Errorf("not in the package:\n%s", diff)
	}
}

func TestSizes(t *testing.T) {
	inC := cConstants(t)
	var item struct { // zmq_pollitem_t
		socket          unsafe.Pointer
		fd              int32
		events, revents int16
	}
	msg, err := zmq.GetMsgTSize()
	must(t, err)
	major, minor, patch := zmq.Version()
	want := map[string]int64{
		"version":                          int64(major*10000 + minor*100 + patch),
		"sizeof(zmq_msg_t)":                int64(msg),
		"sizeof(zmq_pollitem_t)":           int64(unsafe.Sizeof(item)),
		"offsetof(zmq_pollitem_t,socket)":  int64(unsafe.Offsetof(item.socket)),
		"offsetof(zmq_pollitem_t,fd)":      int64(unsafe.Offsetof(item.fd)),
		"offsetof(zmq_pollitem_t,events)":  int64(unsafe.Offsetof(item.events)),
		"offsetof(zmq_pollitem_t,revents)": int64(unsafe.Offsetof(item.revents)),
	}
	got := maps.Clone(inC)
	maps.DeleteFunc(got, func(name string, _ int64) bool { _, ok := want[name]; return !ok })
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("C (-) and Go (+) differ:\n%s", diff)
	}
}
