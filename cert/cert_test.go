// SPDX-License-Identifier: BSD-2-Clause

package cert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/cert"
	"github.com/seed45097122/zmq4/ctest"
)

// The pair of keys of zmq_curve(7).
const (
	public = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
	secret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
)

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newCert(t testing.TB, metadata map[string]string) *cert.Cert {
	t.Helper()
	if !zmq4.HasCurve() {
		t.Skip("libzmq has no CURVE")
	}
	c, err := cert.New(metadata)
	must(t, err)
	return c
}

func same(a, b *cert.Cert) bool { return a.Keys == b.Keys && maps.Equal(a.Metadata, b.Metadata) }

func TestSaveLoad(t *testing.T) {
	c := newCert(t, map[string]string{
		"name": "Alice # not a comment", "email": "alice@example.org", "quoted": `the "first"`, "other": "it's", "empty": "", "a/b": "é = 1",
	})
	dir := t.TempDir()
	path := filepath.Join(dir, "alice.key")
	for range 2 { // the second replaces the first
		must(t, c.Save(path))
		for file, want := range map[string]*cert.Cert{path: c.Public(), path + "_secret": c} {
			if got, err := cert.Load(file); err != nil || !same(got, want) {
				t.Errorf("%s: %v, %v, want %v", file, got, err, want)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path + "_secret")
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the secret file: %v, %v", info.Mode(), err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), c.Keys.Secret) {
		t.Errorf("the public file is %s, %v", text, err)
	}

	must(t, c.Public().Save(filepath.Join(dir, "public.key")))
	if _, err := os.Stat(filepath.Join(dir, "public.key_secret")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a secret file without a secret key: %v", err)
	}
	nowhere := filepath.Join(dir, "no", "such", "dir")
	if err := c.Public().Save(nowhere); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), nowhere) {
		t.Errorf("Save: %v", err)
	}
	if _, err := cert.Load(filepath.Join(dir, "nobody")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load: %v", err)
	}
}

func TestParse(t *testing.T) {
	curve := "curve\n    public-key = \"" + public + "\"\n"
	whole := curve + "    secret-key = \"" + secret + "\"\n"
	for _, test := range []struct {
		name, text string
		metadata   map[string]string
		secret     string
	}{
		{"public", curve, nil, ""},
		{"secret", whole, nil, secret},
		{"comments", "# x\n\n  # y\n" + strings.ReplaceAll(whole, "\n", " # z\n"), nil, secret},
		{"CRLF", strings.ReplaceAll(whole, "\n", "\r\n"), nil, secret},
		{"no newline", strings.TrimSpace(whole), nil, secret},
		{"tabs", strings.ReplaceAll(whole, "    ", "\t"), nil, secret},
		{"single quotes", strings.ReplaceAll(whole, `"`, "'"), nil, secret},
		{"no spaces", strings.ReplaceAll(whole, " = ", "="), nil, secret},
		{"metadata", "metadata\n    name = \"Al#ice\"\n    n-1 = a b  # c\n    none\n    empty=\n" + curve,
			map[string]string{"name": "Al#ice", "n-1": "a b", "none": "", "empty": ""}, ""},
		{"unknown", "version = 1\nother\n    public-key = x\nmetadata\n    a = b\n        public-key = \"x\"\n" + whole, map[string]string{"a": "b"}, secret},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c cert.Cert
			must(t, c.UnmarshalText([]byte(test.text)))
			if want := (zmq4.CurveKeypair{Public: public, Secret: test.secret}); c.Keys != want || !maps.Equal(c.Metadata, test.metadata) {
				t.Errorf("%v", &c)
			}
		})
	}
	for name, text := range map[string]string{
		"empty":           "",
		"nonsense":        "hello world",
		"binary":          "\x00\xff\x7f",
		"no keys":         "metadata\n    a = b\ncurve\n",
		"only secret":     "curve\n    secret-key = \"" + secret + "\"\n",
		"not indented":    "curve\npublic-key = \"" + public + "\"\n",
		"badly indented":  "curve\n  public-key = \"" + public + "\"\n",
		"other section":   strings.Replace(curve, "curve", "curves", 1),
		"short key":       strings.Replace(curve, "Yne", "Y", 1),
		"long key":        strings.Replace(curve, "Yne", "Yne00000", 1),
		"not Z85":         strings.Replace(curve, "Yne", "Yn~", 1),
		"overflow":        "curve\n    public-key = \"" + strings.Repeat("#", 40) + "\"\n",
		"twice":           curve + "    public-key = \"" + public + "\"\n",
		"metadata twice":  "metadata\n    a = b\n    a = b\n" + curve,
		"no quote":        strings.Replace(curve, "\"\n", "\n", 1),
		"behind":          strings.Replace(curve, "\"\n", "\" x\n", 1),
		"wrong pair":      curve + "    secret-key = \"" + public + "\"\n",
		"no name":         curve + "    = x\n",
		"both quotes":     "metadata\n    a = x\"'y\n" + curve,
		"control":         "metadata\n    a = \"\x01\"\n" + curve,
		"not UTF-8":       "metadata\n    a = \"\xff\"\n" + curve,
		"metadata key":    "metadata\n    public-key2 = \"" + secret + "\"\n" + curve,
		"too long":        curve + strings.Repeat("#\n", 40_000),
		"name with space": "metadata\n    a b = c\n" + curve,
	} {
		t.Run("invalid "+name, func(t *testing.T) {
			c := cert.Cert{Keys: zmq4.CurveKeypair{Public: "unchanged"}}
			err := c.UnmarshalText([]byte(text))
			if !errors.Is(err, cert.ErrInvalid) || c.Keys.Public != "unchanged" {
				t.Errorf("%v, %v", &c, err)
			}
			if err != nil && (strings.Contains(err.Error(), secret[:8]) || strings.Contains(err.Error(), public[:8])) {
				t.Errorf("the error quotes a key: %v", err)
			}
		})
	}
}

func TestInvalid(t *testing.T) {
	good := zmq4.CurveKeypair{Public: public, Secret: secret}
	for name, c := range map[string]*cert.Cert{
		"no keys":     {},
		"only secret": {Keys: zmq4.CurveKeypair{Secret: secret}},
		"wrong pair":  {Keys: zmq4.CurveKeypair{Public: secret, Secret: secret}},
		"bad secret":  {Keys: zmq4.CurveKeypair{Public: public, Secret: "x"}},
		"newline":     {Keys: good, Metadata: map[string]string{"a": "b\ncurve"}},
		"no name":     {Keys: good, Metadata: map[string]string{"": "b"}},
		"name":        {Keys: good, Metadata: map[string]string{"a\nb": "b"}},
		"name =":      {Keys: good, Metadata: map[string]string{"a=b": "b"}},
		"quotes":      {Keys: good, Metadata: map[string]string{"a": `"'`}},
		"key":         {Keys: good, Metadata: map[string]string{"secret-key": "b"}},
		"size":        {Keys: good, Metadata: map[string]string{"a": strings.Repeat("x", 65<<10)}},
	} {
		path := filepath.Join(t.TempDir(), "x.key")
		if err := c.Save(path); !errors.Is(err, cert.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(files) != 0 {
			t.Errorf("%s: %v", name, files)
		}
		if len(c.Metadata) > 0 && name != "size" {
			if _, err := cert.New(c.Metadata); !errors.Is(err, cert.ErrInvalid) {
				t.Errorf("%s: New: %v", name, err)
			}
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	c := &cert.Cert{Keys: zmq4.CurveKeypair{Public: public, Secret: secret}, Metadata: map[string]string{"a": "b"}}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v %+v %#v %s %v", c, c, c, c, *c)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "cert", c)
	if strings.Contains(b.String(), secret[:10]) || !strings.Contains(b.String(), public) {
		t.Error(b.String())
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add("metadata\n    name = \"Alice\"\ncurve\n    public-key = \"" + public + "\"\n    secret-key = \"" + secret + "\"\n")
	f.Add("metadata\n    a = 'b' # c\n\tx = y # z\n\ncurve\n    public-key='" + public + "'\r\n")
	f.Add("curve\n    public-key = " + public)
	f.Add("= \"\n    '")
	f.Fuzz(func(t *testing.T, text string) {
		var c, again cert.Cert
		if err := c.UnmarshalText([]byte(text)); err != nil {
			if !errors.Is(err, cert.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		out, err := c.MarshalText()
		if err != nil {
			if len(text) < 30_000 { // else it may have become too long
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if err := again.UnmarshalText(out); err != nil || !same(&c, &again) {
			t.Fatalf("%q became %q: %v", text, out, err)
		}
	})
}

// pyzmq returns a Python that has pyzmq.
func pyzmq(t testing.TB) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import zmq.auth").Run() == nil {
			return python
		}
	}
	t.Skip("no Python with pyzmq: apt-get install python3-zmq")
	return ""
}

func run(t testing.TB, python, script string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, append([]string{"-c", script}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

// TestPyzmq has pyzmq load what Save wrote, and the other way round.
func TestPyzmq(t *testing.T) {
	python, c := pyzmq(t), newCert(t, map[string]string{"name": "Alice", "public": "x", "note": `say "hi"`})
	dir := t.TempDir()
	path := filepath.Join(dir, "alice.key")
	must(t, c.Save(path))
	const load = "import sys, zmq.auth; print(*zmq.auth.load_certificate(sys.argv[1]))"
	if got, want := run(t, python, load, path), fmt.Sprintf("b'%s' None", c.Keys.Public); got != want {
		t.Errorf("pyzmq loads %s, want %s", got, want)
	}
	if got, want := run(t, python, load, path+"_secret"), fmt.Sprintf("b'%s' b'%s'", c.Keys.Public, c.Keys.Secret); got != want {
		t.Errorf("pyzmq loads another secret certificate")
	}

	const create = `
import sys, zmq.auth
files = zmq.auth.create_certificates(sys.argv[1], "bob", metadata={"name": "Bob B", "email": "bob@example.org"})
print(*files, *[k.decode() for k in zmq.auth.load_certificate(files[1])])`
	f := strings.Fields(run(t, python, create, dir))
	if len(f) != 4 {
		t.Fatalf("pyzmq printed %q", f)
	}
	keys := zmq4.CurveKeypair{Public: f[2], Secret: f[3]}
	whole, err := cert.Load(f[1])
	must(t, err)
	if whole.Keys != keys || whole.Metadata["name"] != "Bob B" || whole.Metadata["email"] != "bob@example.org" {
		t.Errorf("%v, want %v", whole, keys)
	}
	half, err := cert.Load(f[0])
	must(t, err)
	if half.Keys != (zmq4.CurveKeypair{Public: keys.Public}) {
		t.Errorf("%v, want %v", half, keys)
	}
}

// What czmq writes.
func TestCzmq(t *testing.T) {
	var c cert.Cert
	must(t, c.UnmarshalText([]byte(`#   ****  Generated on 2013-09-05 12:00:00 by CZMQ  ****
#   ZeroMQ CURVE **Secret** Certificate
#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its permissions.

metadata
    email = "ph@imatix.com"
    name = "Pieter Hintjens"
    organization = 'The "iMatix" Corporation'
curve
    public-key = "`+public+`"
    secret-key = "`+secret+`"
`)))
	want := map[string]string{"email": "ph@imatix.com", "name": "Pieter Hintjens", "organization": `The "iMatix" Corporation`}
	if c.Keys.Public != public || c.Keys.Secret != secret || !maps.Equal(c.Metadata, want) {
		t.Errorf("%v", &c)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "cert")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "alice.key")

	alice, err := cert.New(map[string]string{"name": "Alice"})
	if err != nil {
		log.Fatal(err)
	}
	if err := alice.Save(path); err != nil {
		log.Fatal(err)
	}
	loaded, err := cert.Load(path + "_secret")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(loaded.Metadata["name"], loaded.Keys == alice.Keys)
	// Output: Alice true
}
