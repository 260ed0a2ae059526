// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime returns how long this process has used the processors.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
