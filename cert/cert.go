// SPDX-License-Identifier: BSD-2-Clause

/*
Package cert makes, saves and loads CURVE certificates: pairs of keys with
metadata, in the text format (ZPL, ZeroMQ RFC 4) that czmq and pyzmq use too.

	c, err := cert.New(map[string]string{"name": "Alice"})
	if err != nil {
		return err
	}
	err = c.Save("alice.key") // and alice.key_secret

A server lets in the clients whose public certificates are in a directory, as
long as they are there:

	dir, err := cert.OpenDir("clients")
	if err != nil {
		return err
	}
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{CheckCurve: dir.Check, Metadata: dir.Metadata})
*/
package cert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed45097122/zmq4"
)

// secretSuffix is what the name of a file with a secret key has more than that
// of its public one.
const secretSuffix = "_secret"

// maxSize is the most bytes of a certificate.
const maxSize = 64 << 10

// ErrInvalid is what the errors of this package wrap for a certificate that is
// not valid.
var ErrInvalid = errors.New("invalid certificate")

// A Cert is a certificate. Package fmt prints it without the secret key.
type Cert struct {
	// Keys are the keys in Z85. The secret one is "" in a public certificate.
	Keys zmq4.CurveKeypair

	// Metadata is what else there is to say about the owner, such as "name" and
	// "email". A name consists of letters, digits and $-_@.&+/ and does not
	// begin with public-key or secret-key. A value is one line of text that has
	// not both kinds of quotes.
	Metadata map[string]string
}

// New makes a certificate with new keys. The error is [ErrInvalid] for
// invalid metadata, and [zmq4.ENOTSUP] if libzmq has no CURVE.
func New(metadata map[string]string) (*Cert, error) {
	if err := checkMetadata(metadata); err != nil {
		return nil, err
	}
	keys, err := zmq4.GenerateCurveKeypair()
	if err != nil {
		return nil, err
	}
	return &Cert{Keys: keys, Metadata: maps.Clone(metadata)}, nil
}

// String returns the public key and the metadata.
func (c *Cert) String() string { return fmt.Sprintf("Cert(%v, %v)", c.Keys, c.Metadata) }

// LogValue returns the public key, for log/slog.
func (c *Cert) LogValue() slog.Value { return c.Keys.LogValue() }

// Public returns the certificate without its secret key.
func (c *Cert) Public() *Cert {
	return &Cert{Keys: zmq4.CurveKeypair{Public: c.Keys.Public}, Metadata: maps.Clone(c.Metadata)}
}

// Save writes the public certificate to a file, and, if there is a secret
// key, the whole certificate to a second file, whose name has "_secret" at
// the end. By convention the name ends in ".key". Only the owner may read the
// secret file, mode 0600.
//
// Each file is replaced in one step: nobody reads half of it. The error is
// [ErrInvalid] for a certificate that could not be read again, and then no
// file is written; or it is that of package os.
func (c *Cert) Save(path string) error {
	public, err := c.Public().MarshalText()
	if err != nil {
		return err
	}
	if c.Keys.Secret != "" {
		secret, err := c.MarshalText()
		if err != nil {
			return err
		}
		if err := writeFile(path+secretSuffix, secret, 0o600); err != nil {
			return err
		}
	}
	return writeFile(path, public, 0o644)
}

// writeFile replaces a file.
func writeFile(path string, data []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".cert-*") // mode 0600
	if err != nil {
		if e := (*os.PathError)(nil); errors.As(err, &e) {
			e.Path = path // not a name that nobody has given
		}
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Load reads a certificate from a file. A public file has no secret key. To
// load the secret key, give the name of the secret file.
//
// The error is [ErrInvalid], or that of package os.
func Load(path string) (*Cert, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	var c Cert
	if err := c.UnmarshalText(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &c, nil
}

// MarshalText returns the text of the certificate, with the secret key if it
// has one. It returns [ErrInvalid] for a certificate that could not be read
// again.
func (c *Cert) MarshalText() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if c.Keys.Secret == "" {
		b.WriteString("#   ZeroMQ CURVE Public Certificate\n" +
			"#   Exchange it securely, or verify its contents by a secure way.\n\n")
	} else {
		b.WriteString("#   ZeroMQ CURVE **Secret** Certificate\n" +
			"#   Do not give this file to anybody, nor change its permissions.\n\n")
	}
	b.WriteString("metadata\n")
	for _, name := range slices.Sorted(maps.Keys(c.Metadata)) {
		quote := `"`
		if strings.Contains(c.Metadata[name], quote) {
			quote = "'"
		}
		fmt.Fprintf(&b, "    %s = %s%s%s\n", name, quote, c.Metadata[name], quote)
	}
	fmt.Fprintf(&b, "curve\n    public-key = \"%s\"\n", c.Keys.Public)
	if c.Keys.Secret != "" {
		fmt.Fprintf(&b, "    secret-key = \"%s\"\n", c.Keys.Secret)
	}
	if b.Len() > maxSize {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrInvalid, maxSize)
	}
	return b.Bytes(), nil
}

// UnmarshalText sets the certificate from its text. Unknown sections and
// properties are ignored.
//
// The error is [ErrInvalid] for text that is not a certificate, for keys that
// are invalid or do not belong together, and for invalid metadata. It does
// not quote the text.
func (c *Cert) UnmarshalText(text []byte) error {
	if len(text) > maxSize {
		return fmt.Errorf("%w: more than %d bytes", ErrInvalid, maxSize)
	}
	parsed := Cert{Metadata: make(map[string]string)}
	section, number := "", 0
	for line := range strings.Lines(string(text)) {
		number++
		level, name, value, err := parseLine(line)
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrInvalid, number, err)
		}
		switch {
		case name == "" || level > 1:
		case level == 0:
			section = name
		case section == "metadata":
			err = setOnce(parsed.Metadata, name, value)
		case section == "curve" && name == "public-key":
			err = setKey(&parsed.Keys.Public, value)
		case section == "curve" && name == "secret-key":
			err = setKey(&parsed.Keys.Secret, value)
		}
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrInvalid, number, err)
		}
	}
	if err := parsed.check(); err != nil {
		return err
	}
	*c = parsed
	return nil
}

func setOnce(m map[string]string, name, value string) error {
	if _, ok := m[name]; ok {
		return errors.New("metadata given twice")
	}
	m[name] = value
	return nil
}

func setKey(key *string, value string) error {
	if *key != "" {
		return errors.New("key given twice")
	}
	if !isKey(value) {
		return errors.New("a key that is not 40 characters of Z85")
	}
	*key = value
	return nil
}

// parseLine reads "name", "name = value" or "name = "value"", with four spaces
// in front for each level, and perhaps a comment. An empty line has no name.
func parseLine(line string) (level int, name, value string, err error) {
	line = strings.TrimRightFunc(line, unicode.IsSpace)
	rest := strings.TrimLeft(line, " \t")
	if rest == "" || rest[0] == '#' {
		return 0, "", "", nil
	}
	indent := strings.ReplaceAll(line[:len(line)-len(rest)], "\t", "    ")
	if len(indent)%4 != 0 {
		return 0, "", "", errors.New("not indented by a multiple of 4 spaces")
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) })
	if end < 0 {
		end = len(rest)
	}
	name, rest = rest[:end], strings.TrimLeft(rest[end:], " \t")
	if name == "" {
		return 0, "", "", errors.New("no name")
	}
	rest, found := strings.CutPrefix(rest, "=")
	rest = strings.TrimLeft(rest, " \t")
	switch {
	case !found:
	case rest != "" && (rest[0] == '"' || rest[0] == '\''):
		value, rest, found = strings.Cut(rest[1:], rest[:1])
		if !found {
			return 0, "", "", errors.New("no closing quote")
		}
		rest = strings.TrimLeft(rest, " \t")
	default:
		value, _, _ = strings.Cut(rest, "#")
		return len(indent) / 4, name, strings.TrimRight(value, " \t"), nil
	}
	if rest != "" && rest[0] != '#' {
		return 0, "", "", errors.New("something behind the end")
	}
	return len(indent) / 4, name, value, nil
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("$-_@.&+/", r)
}

func isKey(s string) bool {
	data, err := zmq4.DecodeZ85(s)
	return err == nil && len(data) == 32
}

// check returns an error for a certificate that is not valid.
func (c *Cert) check() error {
	if !isKey(c.Keys.Public) {
		return fmt.Errorf("%w: no public key", ErrInvalid)
	}
	if c.Keys.Secret != "" {
		if !isKey(c.Keys.Secret) {
			return fmt.Errorf("%w: no secret key", ErrInvalid)
		}
		// Without CURVE in libzmq there is no telling.
		if pair, err := zmq4.CurveKeypairOf(c.Keys.Secret); err == nil && pair.Public != c.Keys.Public {
			return fmt.Errorf("%w: the keys do not belong together", ErrInvalid)
		}
	}
	return checkMetadata(c.Metadata)
}

func checkMetadata(metadata map[string]string) error {
	for name, value := range metadata {
		switch {
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) }):
			return fmt.Errorf("%w: metadata name %.40q", ErrInvalid, name)
		case strings.HasPrefix(name, "public-key") || strings.HasPrefix(name, "secret-key"):
			// pyzmq would take it for the key.
			return fmt.Errorf("%w: metadata name %.40q", ErrInvalid, name)
		case strings.Contains(value, `"`) && strings.Contains(value, "'"):
			return fmt.Errorf("%w: metadata %.40q has both kinds of quotes", ErrInvalid, name)
		case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
			return fmt.Errorf("%w: metadata %.40q is not one line of text", ErrInvalid, name)
		}
	}
	return nil
}
