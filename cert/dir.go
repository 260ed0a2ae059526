// SPDX-License-Identifier: BSD-2-Clause

package cert

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

// settled is how old a file must be for its modification time to tell about
// later changes: some file systems count in whole seconds.
const settled = 2 * time.Second

// A Dir is a directory with the public certificates of clients. Each lookup
// sees the directory as it is at that time, with files that were added,
// changed or removed. All methods may be called from any goroutine.
//
// Every regular file counts, except those whose name begins with "." or ends
// in "_secret". The standard logger logs a file that is not a valid
// certificate, and it is left out.
type Dir struct {
	path string

	mu    sync.Mutex
	files map[string]file // by name
	keys  map[string]*Cert
}

// A file is what is known of one.
type file struct {
	info fs.FileInfo
	read time.Time
	cert *Cert  // nil if it is not valid
	err  string // what was logged about it
}

// OpenDir reads a directory. The error is that of package os.
func OpenDir(path string) (*Dir, error) {
	d := &Dir{path: path}
	if err := d.refresh(); err != nil {
		return nil, err
	}
	return d, nil
}

// Lookup returns the certificate with a public key, in Z85, and whether there
// is one. Do not change it. The error is that of reading the directory.
func (d *Dir) Lookup(key string) (c *Cert, ok bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(); err != nil {
		return nil, false, err
	}
	c, ok = d.keys[key]
	return c, ok, nil
}

// Check reports whether the directory has a certificate of the client. It is
// meant for [zmq4.AuthConfig].CheckCurve.
func (d *Dir) Check(_ context.Context, r *zmq4.AuthRequest) (ok bool, err error) {
	if r.Mechanism != zmq4.CURVE {
		return false, nil
	}
	_, ok, err = d.Lookup(r.User)
	return ok, err
}

// Metadata returns the metadata of the client's certificate, if there is one.
// It is meant for [zmq4.AuthConfig].Metadata. The client may have written the
// certificate, so a User-Id in it is ignored: the User-Id is the key.
func (d *Dir) Metadata(_ context.Context, r *zmq4.AuthRequest) (map[string]string, error) {
	if r.Mechanism != zmq4.CURVE {
		return nil, nil
	}
	c, ok, err := d.Lookup(r.User)
	if !ok {
		return nil, err
	}
	metadata := maps.Clone(c.Metadata)
	delete(metadata, "User-Id")
	return metadata, nil
}

// refresh reads what has changed.
func (d *Dir) refresh() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	files := make(map[string]file, len(entries))
	keys := make(map[string]*Cert, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, secretSuffix) {
			continue
		}
		path := filepath.Join(d.path, name)
		info, err := os.Stat(path) // of what a link leads to
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		f := d.files[name]
		if !f.current(info) {
			f = readFile(path, info, f.err)
		}
		files[name] = f
		if f.cert != nil {
			keys[f.cert.Keys.Public] = f.cert
		}
	}
	d.files, d.keys = files, keys
	return nil
}

// current reports whether a file is as it was when it was read.
func (f file) current(info fs.FileInfo) bool {
	return f.info != nil && os.SameFile(f.info, info) && f.info.Size() == info.Size() &&
		f.info.ModTime().Equal(info.ModTime()) && f.read.Sub(info.ModTime()) > settled
}

// readFile reads a file, and logs what is wrong with it unless that is known.
func readFile(path string, info fs.FileInfo, known string) file {
	f := file{info: info, read: time.Now()} // not later than it is read
	c, err := Load(path)
	if err == nil {
		f.cert = c.Public()
		return f
	}
	if f.err = err.Error(); f.err != known {
		log.Print("cert: left out: ", err)
	}
	if !errors.Is(err, ErrInvalid) {
		f.info = nil // it may be better next time, unchanged
	}
	return f
}
