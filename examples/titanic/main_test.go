// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"os"
	"strings"
	"testing"
)

// The status frames are those of RFC 9.
func TestServices(t *testing.T) {
	ti := &titanic{store: open(t, t.TempDir()), stored: make(chan struct{}, 1)}
	check := func(name string, got [][]byte, want ...string) {
		t.Helper()
		if !equal(got, message(want...)) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	check("no body", ti.request(t.Context(), message("echo")), "400 UNKNOWN")
	check("no service", ti.request(t.Context(), message("", "Hello")), "400 UNKNOWN")
	for _, id := range []string{"", "nonsense", strings.Repeat("0", 32)} {
		check("reply to unknown", ti.reply(t.Context(), message(id)), "400 UNKNOWN")
		check("close of unknown", ti.close(t.Context(), message(id)), "200 OK")
	}

	stored := ti.request(t.Context(), message("echo", "Hello", ""))
	if len(stored) != 2 || string(stored[0]) != "200 OK" || len(stored[1]) != 32 {
		t.Fatalf("request: got %q", stored)
	}
	id := string(stored[1])
	check("no reply yet", ti.reply(t.Context(), message(id)), "300 PENDING")
	if err := ti.store.answer(id, message("", "Hi")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		check("reply", ti.reply(t.Context(), message(id)), "200 OK", "", "Hi")
	}
	if err := os.WriteFile(ti.store.path(id+replySuffix), []byte{0xff}, 0o600); err != nil {
		t.Fatal(err)
	}
	check("corrupt reply", ti.reply(t.Context(), message(id)), "500 ERROR")
	for range 2 {
		check("close", ti.close(t.Context(), message(id)), "200 OK")
		check("reply after close", ti.reply(t.Context(), message(id)), "400 UNKNOWN")
	}

	if err := os.RemoveAll(ti.store.dir); err != nil {
		t.Fatal(err)
	}
	check("store is gone", ti.request(t.Context(), message("echo", "Hello")), "500 ERROR")
}
