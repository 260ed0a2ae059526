// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
)

func TestFileTransfer(t *testing.T) {
	t.Parallel()
	const chunk = 1000
	for _, program := range []string{"fileio1", "fileio2", "fileio3"} {
		for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2_000_000, 2_000_999} {
			t.Run(fmt.Sprint(program, " ", size), func(t *testing.T) {
				t.Parallel()
				content := make([]byte, size)
				rand.NewChaCha8([32]byte{byte(size)}).Read(content)
				dir := t.TempDir()
				from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
				if err := os.WriteFile(from, content, 0o600); err != nil {
					t.Fatal(err)
				}
				out := start(t, program, "-endpoint", ctest.Endpoints(t, 1)[0], "-chunk", fmt.Sprint(chunk), "-file", from, "-to", to).wait()
				got, err := os.ReadFile(to)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, content) {
					t.Errorf("what arrived is different, and has %d bytes", len(got))
				}
				want := fmt.Sprintf("%d chunks, %d bytes, SHA-256 %x\n", (size+chunk-1)/chunk, size, sha256.Sum256(content))
				if program == "fileio3" {
					want += "at most 10 chunks under way\n"
				}
				if out != want {
					t.Errorf("wrote %q, not %q", out, want)
				}
			})
		}
	}
}

// What is wrong is an error, and no program that hangs.
func TestFileTransferErrors(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"fileio1", "fileio2", "fileio3"} {
		for _, c := range []struct{ flags, err string }{
			{"-file /nowhere/nothing", "no such file"},
			{"-file . -endpoint inproc://file", "is a directory"},
			{"-chunk 0", "-chunk 0 is "},
			{"-to /nowhere/nothing", "no such file"},
			{"-endpoint none://", "none://.*: invalid argument"},
		} {
			t.Run(program+" "+c.flags, func(t *testing.T) {
				t.Parallel()
				p := start(t, program, strings.Fields(c.flags)...)
				p.expect(c.err)
				<-p.exited
				if p.cmd.ProcessState.ExitCode() != 1 {
					t.Errorf("ended with %v", p.err)
				}
			})
		}
	}
}
