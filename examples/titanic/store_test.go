// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func message(frames ...string) [][]byte {
	var msg [][]byte
	for _, f := range frames {
		msg = append(msg, []byte(f))
	}
	return msg
}

func equal(a, b [][]byte) bool {
	return slices.EqualFunc(a, b, func(a, b []byte) bool { return string(a) == string(b) })
}

func open(t *testing.T, dir string) *store {
	t.Helper()
	s, err := openStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, s *store, frames ...string) string {
	t.Helper()
	id, err := s.add(message(frames...))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// expect checks what the store has for an id; nil is nothing.
func expect(t *testing.T, s *store, id string, request, reply [][]byte) {
	t.Helper()
	for _, c := range []struct {
		name string
		get  func(string) ([][]byte, error)
		want [][]byte
	}{{"request", s.request, request}, {"reply", s.reply, reply}} {
		got, err := c.get(id)
		if c.want == nil && !errors.Is(err, fs.ErrNotExist) || c.want != nil && (err != nil || !equal(got, c.want)) {
			t.Errorf("%s of %s: got %q, %v, want %q", c.name, id, got, err, c.want)
		}
	}
}

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	s := open(t, dir)
	request, reply := message("echo", "", "Hello"), message("", "Hi", strings.Repeat("long", 100_000))
	id := add(t, s, "echo", "", "Hello")
	if len(id) != 32 || !validID(id) {
		t.Errorf("id %q", id)
	}
	expect(t, s, id, request, nil)
	expect(t, open(t, dir), id, request, nil)
	if err := s.answer(id, reply); err != nil {
		t.Fatal(err)
	}
	expect(t, s, id, request, reply)
	for _, s := range []*store{s, open(t, dir)} {
		if got := s.unanswered(); len(got) != 0 {
			t.Errorf("unanswered: %q", got)
		}
		expect(t, s, id, request, reply)
	}
	for range 2 { // the second does nothing
		if err := s.remove(id); err != nil {
			t.Fatal(err)
		}
		expect(t, s, id, nil, nil)
	}
	// An answer that comes too late leaves nothing.
	if err := s.answer(id, reply); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// What is unanswered is found again, the oldest first.
func TestStoreOrder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var ids []string
	for i := range 5 {
		if i > 0 { // ids sort by the millisecond
			for last := ids[i-1][:12]; ; {
				id := add(t, s, "echo", fmt.Sprint(i))
				if id[:12] != last {
					ids = append(ids, id)
					break
				}
				if err := s.remove(id); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		ids = append(ids, add(t, s, "echo", "0"))
	}
	if err := s.answer(ids[2], message("done")); err != nil {
		t.Fatal(err)
	}
	want := slices.Delete(slices.Clone(ids), 2, 3)
	for _, s := range []*store{s, open(t, dir)} {
		if got := s.unanswered(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A crash leaves files half written, and requests half closed.
func TestStoreAfterCrash(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	kept, closing := add(t, s, "echo", "kept"), add(t, s, "echo", "closing")
	if err := s.answer(closing, message("done")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path(closing + requestSuffix)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("1234"+partSuffix), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	expect(t, s, closing, nil, nil)
	expect(t, s, kept, message("echo", "kept"), nil)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != kept+requestSuffix {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// Ids come from clients: they must not lead to other files.
func TestStoreInvalidID(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "secret.request")
	if err := os.WriteFile(outside, encode(message("secret")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "store"))
	for _, id := range []string{"", "../secret", outside, "x", strings.Repeat("g", 32), strings.Repeat("0", 31), strings.Repeat("0", 34),
		strings.Repeat("A", 32), strings.Repeat("0", 31) + "/", "\x00"} {
		expect(t, s, id, nil, nil)
		if err := s.remove(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
}

func TestStoreCorrupt(t *testing.T) {
	s := open(t, t.TempDir())
	id := add(t, s, "echo", "Hello")
	for _, data := range []string{"", "\x05abc", "\xff", "\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		if err := os.WriteFile(s.path(id+requestSuffix), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.request(id); !errors.Is(err, errCorrupt) {
			t.Errorf("%q: got %q, %v", data, got, err)
		}
	}
	s.skip(id)
	if got := s.unanswered(); len(got) != 0 {
		t.Errorf("unanswered: %q", got)
	}
}

func TestStoreGoroutines(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 5 {
				id, err := s.add(message("echo", fmt.Sprint(g, i)))
				if err != nil {
					t.Error(err)
					return
				}
				err = s.answer(id, message(fmt.Sprint(g, i)))
				reply, err2 := s.reply(id)
				if err := errors.Join(err, err2); err != nil || string(reply[0]) != fmt.Sprint(g, i) {
					t.Errorf("got %q, %v", reply, err)
				}
				if err := s.remove(id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(message("a", "", "bc")))
	f.Add([]byte("\x05abc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		frames, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(encode(frames))
		if err != nil || !equal(again, frames) {
			t.Fatalf("%q became %q, %v", frames, again, err)
		}
	})
}
