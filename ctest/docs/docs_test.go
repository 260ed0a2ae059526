// SPDX-License-Identifier: BSD-2-Clause

// Package docs tests the documentation: that its Go code compiles, and that
// what it names is there. The files of pages are *.md, those of packages are
// the doc comments.
//
// A Go block of a page is a whole file if it has a package clause, else a list
// of declarations, else the body of a function that returns an error. In the
// latter two the packages of std, those of the module and the variables of
// common are there without being declared, and what is not used is no error.
// Anything else that a block needs is declared in a comment before it, which
// readers do not see; functions need no body there:
//
//	<!-- go: var jobs [][]byte; func handle([][]byte) error -->
package docs

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const module = "github.com/seed45097122/zmq4"

// The repository, and the version of Go in its go.mod.
const (
	root      = "../.."
	goVersion = "go1.25"
)

var own = []string{module, module + "/cert", module + "/device", module + "/monitor"}

var std = []string{
	"bytes", "context", "encoding/binary", "errors", "expvar", "fmt", "io", "iter", "log", "log/slog", "net", "net/http", "net/netip", "os",
	"os/signal", "runtime", "strings", "sync", "syscall", "testing", "time",
}

// common are the variables that every fragment may use, and the text of pages
// in the same sense.
var common = []string{
	"ctx context.Context",
	"err error",
	"zctx *zmq4.Context",
	"socket, soc, server, client, frontend, backend, capture, router, dealer, pub, sub, xpub, push, pull *zmq4.Socket",
	"poller *zmq4.Poller",
	"reactor *zmq4.Reactor",
	"auth *zmq4.Authenticator",
	"msg [][]byte",
	"logger *slog.Logger",
	"p *device.Proxy",
	"serverPublic, serverSecret, clientPublic, clientSecret string",
}

// pages are the files to look at.
func pages(t *testing.T) []string {
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "bench/*.md", "*/README.md", "cmd/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 10 {
		t.Fatal("only these pages: ", all)
	}
	return all
}

func TestPages(t *testing.T) {
	c := newChecker(t)
	for _, file := range pages(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range c.page(filepath.ToSlash(rel), string(text)) {
			t.Error(err)
		}
	}
	// Too few say that the scanner does not find them any more.
	t.Logf("%d programs and %d fragments", c.programs, c.fragments)
	if c.programs < 1 || c.fragments < 10 {
		t.Errorf("%d programs and %d fragments", c.programs, c.fragments)
	}
}

// TestComments compiles the code in doc comments.
func TestComments(t *testing.T) {
	c := newChecker(t)
	for _, p := range own {
		files, err := filepath.Glob(filepath.Join(root, strings.TrimPrefix(p, module), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, err := range c.comments(t, strings.TrimPrefix(filepath.ToSlash(file), root+"/")) {
				t.Error(err)
			}
		}
	}
	if c.fragments < 10 {
		t.Errorf("%d fragments", c.fragments)
	}
}

// TestWrong checks pages that are wrong, each in one way.
func TestWrong(t *testing.T) {
	c := newChecker(t)
	for _, test := range []struct{ name, page, want string }{
		{"right", "# A b\n[x](#a-b) [y](docs/design.md#naps)\n```go\nmsg, err := socket.RecvMessageBytesContext(ctx)\n```\n", ""},
		{"declared", "<!-- go: var n int; func handle([][]byte) error -->\n```go\nif n++; true {\n\treturn handle(msg)\n}\n```\n", ""},
		{"shadows", "<!-- go: var msg string -->\n```go\nmsg += \"\"\n```\n", ""},
		{"declarations", "```go\nfunc f(s *zmq4.Socket) { s.Close() }\n```\n", ""},
		{"text", "`zmq4.NewSocket`, `Socket.Close`, `socket.Close()`, `RecvMsg`, `make test`, `docs/design.md`, TestPages", ""},

		{"no such method", "text\n\n```go\nx := 1\nsocket.Receive()\n```\n", "p.md:5:8: socket.Receive undefined"},
		{"wrong type", "```go\nvar n int = socket.Close()\n```\n", "p.md:2:13: cannot use"},
		{"syntax", "```go\nfor msg, err := range socket.Messages(ctx) {\n```\n", "expected '}'"},
		{"program", "```go\npackage main\n\nimport \"fmt\"\n\nfunc main() {}\n```\n", "p.md:4:8: \"fmt\" imported and not used"},
		{"no main", "```go\npackage main\n```\n", "function main is undeclared"},
		{"declaration", "<!-- go: var n -->\n```go\nn++\n```\n", "p.md:1:"},
		{"no fence", "text\n\n    msg, err := socket.RecvMessageBytesContext(ctx)\n", "p.md:3: Go code outside of a block of Go"},
		{"other fence", "```\nsocket.Send(\"\", zmq4.DONTWAIT)\n```\n", "p.md:2: Go code outside of a block of Go"},
		{"open fence", "```go\nx := 1\n", "p.md:1: the block does not end"},
		{"shell", "```sh\nif true\n```\n", "p.md:1: "},
		{"target", "```sh\nmake lint nonsense # and more\n```\n", "p.md:2: there is no make nonsense"},
		{"target in text", "run `make nonsense`", "p.md:1: there is no make nonsense"},
		{"target, indented", "text\n\n    make nonsense\n", "p.md:3: there is no make nonsense"},
		{"path", "```sh\ngo run ./examples/nonsense\n```\n", "p.md:2: there is no ./examples/nonsense"},
		{"path in text", "see `nonsense.go`", "p.md:1: there is no nonsense.go"},
		{"package", "    go install " + module + "/cmd/nonsense@latest", "p.md:1: there is no " + module + "/cmd/nonsense"},
		{"link", "a\n[x](docs/nonsense.md)", "p.md:2: there is no docs/nonsense.md"},
		{"anchor", "[x](#nonsense)", "p.md:1: there is no heading #nonsense"},
		{"anchor elsewhere", "[x](docs/design.md#nonsense)", "p.md:1: there is no heading #nonsense"},
		{"name", "`zmq4.Nonsense`", "p.md:1: there is no zmq4.Nonsense"},
		{"name in std", "`context.Nonsense`", "p.md:1: there is no context.Nonsense"},
		{"method", "`Socket.Nonsense`", "p.md:1: there is no Socket.Nonsense"},
		{"receiver", "`Nonsense.Close`", "p.md:1: there is no Nonsense.Close"},
		{"method of a variable", "`socket.Nonsense()`", "p.md:1: there is no socket.Nonsense"},
		{"bare name", "`SetNonsense(1)`", "p.md:1: there is no SetNonsense"},
		{"test", "see TestNonsense", "p.md:1: there is no TestNonsense"},
	} {
		t.Run(test.name, func(t *testing.T) {
			errs := c.page("p.md", test.page)
			switch {
			case test.want == "" && len(errs) > 0:
				t.Error(errs)
			case test.want != "" && (len(errs) == 0 || !strings.Contains(errs[0].Error(), test.want)):
				t.Errorf("%v, want %s", errs, test.want)
			}
		})
	}
}

// TestReaders keeps the sections of the README that are for one kind of reader as short as
// a screen.
func TestReaders(t *testing.T) {
	const lines, columns = 50, 100
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range []string{"New to ZeroMQ", "Coming from pebbe/zmq4", "Coming from pyzmq, zeromq.js or nats.go"} {
		_, section, ok := strings.Cut(string(readme), "\n## "+heading+"\n")
		section, _, ok2 := strings.Cut(section, "\n## ")
		if !ok || !ok2 {
			t.Errorf("README.md has no section %q", heading)
			continue
		}
		n := 1 // the heading
		for line := range strings.Lines(strings.TrimSpace(section)) {
			if !fence.MatchString(line) && !declaration.MatchString(strings.TrimSpace(line)) {
				n += 1 + utf8.RuneCountInString(line)/columns
			}
		}
		if t.Logf("%s: %d lines", heading, n); n > lines {
			t.Errorf("%s: %d lines", heading, n)
		}
	}
}

// A checker looks for mistakes in pages and comments.
type checker struct {
	fset     *token.FileSet
	packages types.ImporterFrom
	imported map[string]*types.Package // by name
	order    []*types.Package          // own first
	vars     map[string]types.Type     // common
	names    map[string]bool           // exported, with fields and methods
	tests    map[string]bool
	targets  map[string]bool

	programs, fragments int
}

func newChecker(t *testing.T) *checker {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	c := &checker{fset: token.NewFileSet(), imported: map[string]*types.Package{}, vars: map[string]types.Type{},
		names: map[string]bool{}, tests: map[string]bool{}, targets: map[string]bool{}}

	list := exec.Command("go", slices.Concat([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, own, std)...)
	list.Dir = root
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	export := map[string]string{}
	for line := range strings.Lines(string(out)) {
		p, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		export[p] = file
	}
	c.packages = importer.ForCompiler(c.fset, "gc", func(p string) (io.ReadCloser, error) {
		if export[p] == "" {
			return nil, fmt.Errorf("no package %s here", p)
		}
		return os.Open(export[p])
	}).(types.ImporterFrom)

	for _, p := range slices.Concat(own, std) {
		pkg, err := c.packages.Import(p)
		if err != nil {
			t.Fatal(err)
		}
		c.imported[pkg.Name()] = pkg
		c.order = append(c.order, pkg)
		for _, name := range pkg.Scope().Names() {
			obj := pkg.Scope().Lookup(name)
			if !obj.Exported() {
				continue
			}
			c.names[name] = true
			if slices.Contains(own, p) {
				c.members(obj)
			}
		}
	}
	pkg, errs := c.types("common.go", "package p\n"+imports("")+declare(common, nil), true)
	if errs != nil {
		t.Fatal(errs)
	}
	for _, name := range pkg.Scope().Names() {
		c.vars[name] = pkg.Scope().Lookup(name).Type()
	}

	// Read by this process, so that go test knows that the result depends on them.
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllSubmatch(makefile, -1) {
		c.targets[string(m[1])] = true
	}
	err = filepath.WalkDir(root, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		source, err := os.ReadFile(file)
		if strings.HasSuffix(file, "_test.go") {
			for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(`).FindAllSubmatch(source, -1) {
				c.tests[string(m[1])] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// members enters the fields and methods of a type.
func (c *checker) members(obj types.Object) {
	name, ok := obj.(*types.TypeName)
	if !ok {
		return
	}
	methods := types.NewMethodSet(types.NewPointer(name.Type()))
	for i := range methods.Len() {
		c.names[methods.At(i).Obj().Name()] = true
	}
	if s, ok := name.Type().Underlying().(*types.Struct); ok {
		for i := range s.NumFields() {
			c.names[s.Field(i).Name()] = true
		}
	}
}

var (
	fence       = regexp.MustCompile("^\\s*```(.*)$")
	declaration = regexp.MustCompile(`^<!-- go: (.*) -->$`)
	indented    = regexp.MustCompile(`^(?: {4}|\t)`)
	looksGo     = regexp.MustCompile(`:=|^\s*(?:func|import|package|type|var) |\b(?:zmq4\.[A-Z]|err != nil)`)
	span        = regexp.MustCompile("`([^`]+)`")
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	test        = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark|Example)[A-Z_]\w*`)
)

// page returns what is wrong in a page.
func (c *checker) page(file, text string) (errs []error) {
	bad := func(line int, format string, a ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: %s", file, line, fmt.Sprintf(format, a...)))
	}
	var (
		in       bool   // a fence
		language string // of it
		first    int    // line of it
		block    strings.Builder
		declared string
	)
	for i, line := range strings.Split(text, "\n") {
		n := i + 1
		if m := fence.FindStringSubmatch(line); m != nil {
			if in = !in; in {
				language, first = m[1], n
				block.Reset()
				continue
			}
			switch language {
			case "go":
				errs = append(errs, c.code(file, first+1, declared, block.String())...)
			case "sh":
				if out, err := sh(block.String()); err != nil {
					bad(first, "%v: %s", err, out)
				}
			}
			declared = ""
			continue
		}
		if in {
			block.WriteString(line + "\n")
		}
		if in && language == "go" {
			continue
		}
		if m := declaration.FindStringSubmatch(line); m != nil {
			declared = fmt.Sprintf("//line %s:%d:%d\n%s\n", file, n, strings.Index(line, m[1])+1, m[1])
		}
		if in || indented.MatchString(line) {
			if looksGo.MatchString(line) {
				bad(n, "Go code outside of a block of Go")
			}
			command, _, _ := strings.Cut(line, " #")
			c.commands(file, n, command, bad)
			continue
		}
		for _, m := range span.FindAllStringSubmatch(line, -1) {
			c.commands(file, n, m[1], bad)
			c.identifiers(n, m[1], bad)
		}
		for _, name := range test.FindAllString(line, -1) {
			if !c.tests[name] {
				bad(n, "there is no %s", name)
			}
		}
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			c.link(file, text, n, m[1], bad)
		}
	}
	if in {
		bad(first, "the block does not end")
	}
	return errs
}

// link checks a link to a file, or to a heading.
func (c *checker) link(file, text string, n int, target string, bad func(int, string, ...any)) {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return
	}
	target, anchor, _ := strings.Cut(target, "#")
	if target != "" && !slices.Contains(elsewhere, target) {
		name := filepath.Join(root, path.Dir(file), target)
		if _, err := os.Stat(name); err != nil {
			bad(n, "there is no %s", target)
			return
		}
		if anchor != "" {
			other, err := os.ReadFile(name)
			if err != nil {
				bad(n, "%v", err)
			}
			text = string(other)
		}
	}
	if anchor != "" && !slices.Contains(anchors(text), anchor) {
		bad(n, "there is no heading #%s", anchor)
	}
}

// anchors are the fragments by which the headings of a page can be linked to.
func anchors(text string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		a := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(a, " ", "-"))
	}
	return all
}

var (
	makes = regexp.MustCompile(`(?:^|&&|;|sudo)\s*make((?: +[a-z][a-z-]*)+)`)
	place = regexp.MustCompile(`(?:^|[\s=])([\w.@-]*/?[\w.@/-]+)`)
)

// Files that are made, or come from elsewhere.
var elsewhere = []string{"zmq.h", "results/results.md"}

// commands checks the targets of make, and paths, in a command or a code span.
func (c *checker) commands(file string, n int, text string, bad func(int, string, ...any)) {
	for _, m := range makes.FindAllStringSubmatch(text, -1) {
		for _, target := range strings.Fields(m[1]) {
			if !c.targets[target] {
				bad(n, "there is no make %s", target)
			}
		}
	}
	for _, m := range place.FindAllStringSubmatch(text, -1) {
		name, _, _ := strings.Cut(m[1], "@")
		name = strings.TrimRight(strings.TrimSuffix(name, "/..."), ".")
		local, mine := strings.CutPrefix(name, module+"/")
		switch path.Ext(local) {
		case ".go", ".h", ".c", ".sh", ".md", ".py", ".java", ".yml":
			mine = true
		default:
			first, _, ok := strings.Cut(strings.TrimPrefix(local, "./"), "/")
			if ok && first != "" && first[0] != '.' {
				_, err := os.Stat(filepath.Join(root, first))
				mine = mine || err == nil
			}
		}
		if !mine || path.IsAbs(name) || slices.Contains(elsewhere, name) {
			continue
		}
		_, err1 := os.Stat(filepath.Join(root, local))
		_, err2 := os.Stat(filepath.Join(root, path.Dir(file), local))
		if err1 != nil && err2 != nil {
			bad(n, "there is no %s", name)
		}
	}
}

var (
	qualified = regexp.MustCompile(`(?:^|[^\w./-])([A-Za-z_]\w*)\.([A-Z]\w*)`)
	bare      = regexp.MustCompile(`^([A-Z]\w*[a-z]\w*)(?:\(.*\))?$`)
	acronym   = regexp.MustCompile(`^[A-Z0-9_]+s?$`)
)

// identifiers checks the Go names in a code span: X.Y where X is a package, a
// type or one of common, and an X alone. Packages that are not known here are
// those of others.
func (c *checker) identifiers(n int, text string, bad func(int, string, ...any)) {
	for _, m := range qualified.FindAllStringSubmatch(text, -1) {
		if !c.has(m[1], m[2]) {
			bad(n, "there is no %s.%s", m[1], m[2])
		}
	}
	if m := bare.FindStringSubmatch(text); m != nil && !c.names[m[1]] && !c.tests[m[1]] && !acronym.MatchString(m[1]) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			bad(n, "there is no %s", m[1])
		}
	}
}

func (c *checker) has(x, y string) bool {
	if p := c.imported[x]; p != nil {
		return p.Scope().Lookup(y) != nil
	}
	t := c.vars[x]
	for _, p := range c.order {
		if name, ok := p.Scope().Lookup(x).(*types.TypeName); ok && t == nil {
			t = name.Type()
		}
	}
	if t == nil {
		return !token.IsExported(x)
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, c.imported["zmq4"], y)
	return obj != nil
}

// sh looks at the syntax of a script.
func sh(script string) (string, error) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		return "", nil
	}
	cmd := exec.Command(shell, "-n")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// comments returns what is wrong with the code in the doc comments of a file,
// by lines that count from where the comment begins.
func (c *checker) comments(t *testing.T, file string) (errs []error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, filepath.Join(root, file), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		var doc *ast.CommentGroup
		switch n := n.(type) {
		case *ast.File:
			doc = n.Doc
		case *ast.GenDecl:
			doc = n.Doc
		case *ast.FuncDecl:
			doc = n.Doc
		case *ast.TypeSpec:
			doc = n.Doc
		case *ast.ValueSpec:
			doc = n.Doc
		case *ast.Field:
			doc = n.Doc
		}
		if doc == nil {
			return true
		}
		for _, block := range new(comment.Parser).Parse(doc.Text()).Content {
			code, ok := block.(*comment.Code)
			if !ok || strings.HasPrefix(code.Text, "replace ") {
				continue
			}
			errs = append(errs, c.code(file, fset.Position(doc.Pos()).Line, "", code.Text)...)
		}
		return true
	})
	return errs
}

// code compiles a block of Go that begins at a line of a file.
func (c *checker) code(file string, line int, declared, text string) []error {
	from := fmt.Sprintf("//line %s:%d:1\n", file, line)
	if strings.HasPrefix(text, "package ") {
		pkg, errs := c.types(file, from+text, false)
		c.programs++
		if errs != nil || pkg.Name() != "main" {
			return errs
		}
		return build(file, from+text)
	}
	c.fragments++
	rest := from + text
	if _, err := parse(rest); err != nil {
		// Alone first: what is missing in it is not to be found in what follows.
		rest = "func _() (_ error) {\n" + rest + "\npanic(0)\n}\n"
		if _, err := parse(rest); err != nil {
			return []error{err}
		}
	}
	var names []string // that are declared, and so not common
	if f, err := parse(declared); err == nil {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				for _, s := range d.Specs {
					if s, ok := s.(*ast.ValueSpec); ok {
						for _, name := range s.Names {
							names = append(names, name.Name)
						}
					}
				}
			}
		}
	}
	_, errs := c.types(file, "package p\n"+imports(text)+rest+declared+declare(common, names), true)
	return errs
}

// parse parses declarations.
func parse(text string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), "", "package p\n"+text, parser.SkipObjectResolution)
}

// imports imports everything, or nothing if there are imports already.
func imports(text string) string {
	if regexp.MustCompile(`(?m)^import `).MatchString(text) {
		return ""
	}
	var b strings.Builder
	for _, p := range slices.Concat(own, std) {
		fmt.Fprintf(&b, "import %q\n", p)
	}
	return b.String()
}

// declare declares variables, each list of the same type, but those of some names.
func declare(lists, but []string) string {
	var b strings.Builder
	b.WriteString("//line common.go:1\n")
	for _, list := range lists {
		names, typ, _ := strings.Cut(strings.ReplaceAll(list, ", ", ","), " ")
		for name := range strings.SplitSeq(names, ",") {
			if !slices.Contains(but, name) {
				fmt.Fprintf(&b, "var %s %s\n", name, typ)
			}
		}
	}
	return b.String()
}

// types checks the types of a file. A fragment may leave things unused.
func (c *checker) types(file, source string, fragment bool) (*types.Package, []error) {
	f, err := parser.ParseFile(c.fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, []error{err}
	}
	var errs []error
	config := types.Config{GoVersion: goVersion, Importer: c.packages, Error: func(err error) {
		if fragment && strings.Contains(err.Error(), "and not used") {
			return
		}
		errs = append(errs, err)
	}}
	pkg, _ := config.Check("p", c.fset, []*ast.File{f}, nil)
	return pkg, errs
}

// build builds a program, in the module.
func build(file, source string) []error {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return []error{err}
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "main.go")
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		return []error{err}
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), name)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return []error{fmt.Errorf("%s: %w: %s", file, err, out)}
	}
	return nil
}
