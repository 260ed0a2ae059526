// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A build without cgo says so in one line, behind the name of the package. A file of the root
// that uses C's part of the package needs a build constraint: else its errors come here too.
func TestNeedsCgo(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		cmd := exec.Command("go", "build", "-o", os.DevNull, "..")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Fatalf("%s: built without cgo", goos)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "# ") || !strings.Contains(lines[1], "zmq4_needs_cgo_and_libzmq") {
			t.Errorf("%s:\n%s", goos, out)
		}
	}
	// Tools that only read the package are content.
	for _, args := range [][]string{{"list", "-f", "{{.Name}}", ".."}, {"doc", "-short", ".."}} {
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", args[0], err, out)
		}
	}
}
