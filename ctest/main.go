// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
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
