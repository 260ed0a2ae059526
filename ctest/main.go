// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"fmt"
	"os"
	"testing"

	zmq "github.com/seed45097122/zmq4"
)

// Main runs the tests of a package. One that leaves goroutines or file
// descriptors behind fails.
func Main(m *testing.M) int {
	return checkLeaks(m, func() error {
		// What the default context has stays, and the pipe of NewMsgBytes.
		if err := zmq.AuthStart(); err != nil {
			return err
		}
		zmq.AuthStop()
		msg, err := zmq.NewMsgBytes([]byte("x"), nil)
		if err != nil {
			return err
		}
		return msg.Close()
	}, "anon_inode:[timerfd]") // the alarm of a nap is kept for the next one
}

// Endpoints returns n ipc endpoints that nobody else uses while the test runs.
func Endpoints(t testing.TB, n int) []string {
	t.Helper()
	// Not t.TempDir: a path of a Unix domain socket has at most 107 bytes.
	dir, err := os.MkdirTemp("", "ipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	endpoints := make([]string, n)
	for i := range endpoints {
		endpoints[i] = fmt.Sprintf("ipc://%s/%d", dir, i)
	}
	return endpoints
}
