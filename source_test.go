// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The tests in this file read the files of the package. "Defect 1" in a test means the row of
// the checklist at the end of docs/differences.md, which TestDefectsListed reads.

// unbound are the option constants of zmq.h that the package does without, and why.
var unbound = map[string]string{
	"ZMQ_IPV4ONLY": "deprecated: SetIpv6 with the opposite",

	// In C only.
	"ZMQ_EVENTS":  "GetEvents: zmq4_events reads it",
	"ZMQ_RCVMORE": "GetRcvmore: zmq4_recv asks zmq_msg_more",

	"ZMQ_IDENTITY":                "old name of ZMQ_ROUTING_ID",
	"ZMQ_CONNECT_RID":             "old name of ZMQ_CONNECT_ROUTING_ID",
	"ZMQ_DELAY_ATTACH_ON_CONNECT": "old name of ZMQ_IMMEDIATE",
	"ZMQ_FAIL_UNROUTABLE":         "old name of ZMQ_ROUTER_MANDATORY",
	"ZMQ_ROUTER_BEHAVIOR":         "old name of ZMQ_ROUTER_MANDATORY",
	"ZMQ_NOBLOCK":                 "old name of ZMQ_DONTWAIT, a flag",
}

// How zmq.h is laid out: sections that begin with a comment.
var (
	sectionLine = regexp.MustCompile(`^/\*\s+(.*?)\s*\*/`)
	defineLine  = regexp.MustCompile(`^#define (ZMQ_\w+) (\S+)`)
	optionTitle = regexp.MustCompile(`(?i)^(draft )?(context options|socket options|deprecated (context|socket) options|deprecated options and aliases)`)
)

// headerOptions returns the names of the options, draft or not, in the installed zmq.h.
func headerOptions(t *testing.T) (names []string) {
	dir := "/usr/include"
	if out, err := exec.Command("pkg-config", "--variable=includedir", "libzmq").Output(); err == nil {
		dir = strings.TrimSpace(string(out))
	}
	text, err := os.ReadFile(filepath.Join(dir, "zmq.h"))
	if err != nil {
		t.Skip(err)
	}
	in := false
	for _, line := range strings.Split(string(text), "\n") {
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			in = optionTitle.MatchString(strings.TrimSuffix(m[1], "."))
		}
		if m := defineLine.FindStringSubmatch(line); m != nil && in && !strings.HasSuffix(m[1], "_DFLT") {
			names = append(names, m[1])
		}
	}
	return names
}

// sources parses the Go files of the package, without the tests.
func sources(t *testing.T) map[string]*ast.File {
	files := make(map[string]*ast.File)
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}

// TestEveryOptionBound compares the options of zmq.h with those that the
// package gives to libzmq.
func TestEveryOptionBound(t *testing.T) {
	bound := make(map[string]bool)
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "C" {
					bound[sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	options := headerOptions(t)
	if len(options) < 95 {
		t.Errorf("only %d options found in zmq.h: has its layout changed?", len(options))
	}
	for _, name := range options {
		switch why := unbound[name]; {
		case why == "" && !bound[name]:
			t.Errorf("%s is not bound", name)
		case why != "" && bound[name]:
			t.Errorf("%s is bound, though listed as %q", name, why)
		}
	}
}

// directions are the options that libzmq can only set, or only get. All others
// must have both.
var directions = func() map[string]string {
	m := make(map[string]string)
	for names, direction := range map[string]string{
		"CONNECT_ROUTING_ID IPC_FILTER_GID IPC_FILTER_PID IPC_FILTER_UID PROBE_ROUTER REQ_CORRELATE REQ_RELAXED ROUTER_HANDOVER " +
			"ROUTER_MANDATORY ROUTER_RAW STREAM_NOTIFY SUBSCRIBE TCP_ACCEPT_FILTER UNSUBSCRIBE XPUB_MANUAL XPUB_NODROP XPUB_VERBOSE " +
			"DISCONNECT_MSG HELLO_MSG HICCUP_MSG METADATA ONLY_FIRST_SUBSCRIBE WSS_CERT_PEM WSS_HOSTNAME WSS_KEY_PEM WSS_TRUST_PEM " +
			"WSS_TRUST_SYSTEM XPUB_MANUAL_LAST_VALUE XSUB_VERBOSE_UNSUBSCRIBE " +
			"XPUB_VERBOSER XPUB_WELCOME_MSG THREAD_PRIORITY THREAD_AFFINITY_CPU_ADD THREAD_AFFINITY_CPU_REMOVE": "Set",
		"EVENTS FD LAST_ENDPOINT MECHANISM RCVMORE THREAD_SAFE TOPICS_COUNT TYPE SOCKET_LIMIT MSG_T_SIZE": "Get",
	} {
		for _, name := range strings.Fields(names) {
			m["ZMQ_"+name] = direction
		}
	}
	return m
}()

var docConstant = regexp.MustCompile(`(?m)^Option (ZMQ_[A-Z0-9_]+)`)

// TestOptionDocs checks that each method that sets or gets an option says
// which, and that each option has what libzmq has.
func TestOptionDocs(t *testing.T) {
	have := make(map[string]string)
	for _, file := range sources(t) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !ast.IsExported(f.Name.Name) || strings.HasSuffix(f.Name.Name, "RetryAfterEINTR") {
				continue
			}
			star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			direction := f.Name.Name[:min(3, len(f.Name.Name))]
			if typ, ok := star.X.(*ast.Ident); !ok || typ.Name != "Socket" && typ.Name != "Context" || direction != "Set" && direction != "Get" || f.Name.Name == direction+"Option" || f.Name.Name == "SetReceiveAhead" {
				continue
			}
			m := docConstant.FindStringSubmatch(f.Doc.Text())
			if m == nil {
				t.Errorf("the comment of %s does not name its option", f.Name.Name)
				continue
			}
			if !strings.Contains(have[m[1]], direction) {
				have[m[1]] += direction
			}
		}
	}
	for name, got := range have {
		want := directions[name]
		if want == "" {
			want = "SetGet"
		}
		if got != want && got != "GetSet" {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	for _, name := range headerOptions(t) {
		if unbound[name] == "" && have[name] == "" {
			t.Errorf("%s has no method", name)
		}
	}
}

// TestEveryNameDocumented checks that each exported name has a comment.
func TestEveryNameDocumented(t *testing.T) {
	for name, file := range sources(t) {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if ast.IsExported(d.Name.Name) && exportedReceiver(d) && d.Doc == nil {
					t.Errorf("%s: func %s has no comment", name, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					names, documented := specNames(spec)
					for _, n := range names {
						if n.IsExported() && !documented && d.Doc == nil {
							t.Errorf("%s: %s has no comment", name, strconv.Quote(n.Name))
						}
					}
				}
			}
		}
	}
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func specNames(spec ast.Spec) (names []*ast.Ident, documented bool) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		return s.Names, s.Doc != nil || s.Comment != nil
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}, s.Doc != nil || s.Comment != nil
	}
	return nil, true
}

var functionLine = regexp.MustCompile(`(?m)^(\w[^;={}()]*?)(\w+)\([^;]*?\)\s*\{`)

// All C functions are static: the package links beside any other one. They
// are compiled with zmq.h, which checks their calls.
func TestShimStatic(t *testing.T) {
	// Defects 26 and 27.
	var functions int
	for _, pattern := range []string{"*.c", "*.h", "*.go"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		if pattern == "*.c" && len(files) > 0 {
			t.Errorf("C files: %v", files)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			must(t, err)
			if strings.HasSuffix(file, ".go") {
				preamble, _, ok := strings.Cut(string(text), "\nimport \"C\"\n")
				if ok && functionLine.MatchString(strings.ReplaceAll(preamble, "// ", "")) {
					t.Errorf("%s has a C function", file)
				}
				continue
			}
			if !bytes.Contains(text, []byte("#include <zmq.h>\n")) {
				t.Errorf("%s does not include zmq.h", file)
			}
			for _, m := range functionLine.FindAllStringSubmatch(string(text), -1) {
				functions++
				if !strings.HasPrefix(m[1], "static inline ") {
					t.Errorf("%s: %s%s is not static inline", file, m[1], m[2])
				}
			}
		}
	}
	if functions < 40 {
		t.Errorf("only %d C functions found", functions)
	}
}

// Files are chosen by constraints that every version of Go obeys.
func TestBuildConstraints(t *testing.T) {
	// Defect 63.
	files, err := filepath.Glob("*.go")
	must(t, err)
	old := []byte("\n// " + "+build")
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if bytes.Contains(text, old) {
			t.Errorf("%s has a line that only versions of Go before 1.17 need", file)
		}
	}
}

var (
	checklistRow = regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \| ([^|]+) \|$`)
	testName     = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
	testFunc     = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
	pathName     = regexp.MustCompile("`([\\w.]+/[\\w./]+)`")
)

// The list of defects in docs/differences.md has them all, and the tests that
// it names.
func TestDefectsListed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "differences.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no documentation here: ", err)
	}
	must(t, err)
	_, list, ok := strings.Cut(string(text), "\n## Checklist of the defects of v1.4.0\n")
	if !ok {
		t.Fatal("no list")
	}
	have := make(map[string]bool)
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		must(t, err)
		for _, m := range testFunc.FindAllSubmatch(source, -1) {
			have[string(m[1])] = true
		}
	}
	rows := checklistRow.FindAllStringSubmatch(list, -1)
	for i, row := range rows {
		if row[1] != fmt.Sprint(i+1) {
			t.Fatalf("row %d has the number %s", i+1, row[1])
		}
		for _, name := range testName.FindAllString(row[3], -1) {
			if !have[name] {
				t.Errorf("%s: there is no %s", row[1], name)
			}
		}
		for _, m := range pathName.FindAllStringSubmatch(row[3], -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", row[1], err)
			}
		}
		if !strings.Contains(row[3], " ") && !testName.MatchString(row[3]) {
			t.Errorf("%s has neither a test nor a reason: %s", row[1], row[3])
		}
	}
	if len(rows) != 67 {
		t.Errorf("%d rows, want 67", len(rows))
	}
}
