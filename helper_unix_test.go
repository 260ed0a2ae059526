// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"runtime"
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

// keepAlarms makes the pipes of all who can nap at the same time.
func keepAlarms() {
	for range max(runtime.GOMAXPROCS(0), 16) / 2 {
		addAlarm()
	}
}
