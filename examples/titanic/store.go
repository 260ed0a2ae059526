// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// store keeps messages in a folder: ID.request and, when it has been answered,
// ID.reply. A file gets its name when all of it is on disk, so after a crash each
// is there as a whole or not at all. It may be used by any goroutine.
type store struct {
	dir string

	mu      sync.Mutex
	waiting []string // ids of requests without a reply, the oldest first
}

const (
	requestSuffix = ".request"
	replySuffix   = ".reply"
	partSuffix    = ".part" // of a file that is being written
)

var errCorrupt = errors.New("titanic: file is corrupt")

// openStore opens the store in a folder, which it makes if there is none.
func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir) // sorted by name, and ids by time
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir}
	has := make(map[string]bool)
	for _, e := range entries {
		has[e.Name()] = true
	}
	for _, e := range entries {
		name := e.Name()
		switch suffix := filepath.Ext(name); {
		case suffix == requestSuffix:
			id := strings.TrimSuffix(name, requestSuffix)
			if validID(id) && !has[id+replySuffix] {
				s.waiting = append(s.waiting, id)
			}
		// What a crash has left: a file half written, a request half closed.
		case suffix == partSuffix, suffix == replySuffix && !has[strings.TrimSuffix(name, replySuffix)+requestSuffix]:
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// unanswered returns the ids of requests without a reply.
func (s *store) unanswered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.waiting)
}

// add stores a request and returns its id.
func (s *store) add(request [][]byte) (id string, err error) {
	// Milliseconds first, so that ids sort by time; the rest nobody can guess.
	raw := make([]byte, 16)
	binary.BigEndian.PutUint64(raw, uint64(time.Now().UnixMilli())<<16)
	rand.Read(raw[6:])
	id = hex.EncodeToString(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(id+requestSuffix, request); err != nil {
		return "", err
	}
	s.waiting = append(s.waiting, id)
	return id, nil
}

// request returns the request of an id. It is fs.ErrNotExist if there is none,
// also if the id is not valid.
func (s *store) request(id string) ([][]byte, error) { return s.read(id, requestSuffix) }

// reply returns the reply to the request of an id, as request does.
func (s *store) reply(id string) ([][]byte, error) { return s.read(id, replySuffix) }

// answer stores the reply to a request, unless that was removed meanwhile.
func (s *store) answer(id string, reply [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.waiting, id) {
		return nil
	}
	if err := s.write(id+replySuffix, reply); err != nil {
		return err
	}
	s.forget(id)
	return nil
}

// remove removes a request and its reply, if there are any.
func (s *store) remove(id string) error {
	if !validID(id) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// The request goes first: without its reply alone it would be executed again.
	for _, suffix := range []string{requestSuffix, replySuffix} {
		if err := os.Remove(s.path(id + suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := s.sync(); err != nil {
			return err
		}
	}
	s.forget(id)
	return nil
}

// skip takes an id off those that wait, until the store is opened again.
func (s *store) skip(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(id)
}

func (s *store) forget(id string) {
	s.waiting = slices.DeleteFunc(s.waiting, func(other string) bool { return other == id })
}

// validID reports whether an id could be one of ours. Others could be paths.
func validID(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && len(raw) == 16 && id == strings.ToLower(id)
}

func (s *store) path(name string) string { return filepath.Join(s.dir, name) }

// write writes a file that is on disk, under its name, when it returns.
func (s *store) write(name string, frames [][]byte) (err error) {
	f, err := os.CreateTemp(s.dir, "*"+partSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(encode(frames))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return s.sync()
}

// sync makes what was done to names in the folder durable.
func (s *store) sync() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *store) read(id, suffix string) ([][]byte, error) {
	if !validID(id) {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(s.path(id + suffix))
	if err != nil {
		return nil, err
	}
	frames, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path(id+suffix), err)
	}
	return frames, nil
}

// encode puts the length before each frame.
func encode(frames [][]byte) []byte {
	var data []byte
	for _, f := range frames {
		data = binary.AppendUvarint(data, uint64(len(f)))
		data = append(data, f...)
	}
	return data
}

// decode undoes encode. There is at least one frame.
func decode(data []byte) (frames [][]byte, err error) {
	for len(data) > 0 {
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return nil, errCorrupt
		}
		end := n + int(size)
		frames = append(frames, data[n:end:end])
		data = data[end:]
	}
	if frames == nil {
		return nil, errCorrupt
	}
	return frames, nil
}
