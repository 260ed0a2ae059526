// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package main

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Small and large parts, in one message and after each other, arrive as they were.
func TestPartSizes(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	dir := t.TempDir()
	var want []string
	var files []string
	for _, size := range []int{0, 1, largePart - 1, largePart, 3*largePart + 1, 5} {
		part := make([]byte, size)
		random.Read(part)
		want = append(want, hex.EncodeToString(part))
		files = append(files, "@"+filepath.Join(dir, strconv.Itoa(size)))
		if err := os.WriteFile(files[len(files)-1][1:], part, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	receiver := tool(t, "receive", "tcp://127.0.0.1:*", "-n", "4", "--hex")
	var got bytes.Buffer
	receiver.Stdout = &got
	endpoint := bound(t, receiver)
	for _, args := range [][]string{append([]string{"-n", "2"}, files...), files[:2], files[3:5]} {
		if out, err := tool(t, append([]string{"send", endpoint}, args...)...).CombinedOutput(); err != nil {
			t.Errorf("%s %v", out, err)
		}
	}
	if code := exitCode(t, receiver); code != 0 {
		t.Errorf("receive: exit code %d", code)
	}
	all := strings.Join(want, " ") + "\n"
	if all += all + strings.Join(want[:2], " ") + "\n" + strings.Join(want[3:5], " ") + "\n"; got.String() != all {
		t.Error("not all parts arrived as they were")
	}
}
