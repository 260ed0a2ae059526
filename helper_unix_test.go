// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"net"
	"os"
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

// dupFd returns a descriptor of a listener that is the caller's.
func dupFd(t testing.TB, l net.Listener) int {
	t.Helper()
	f, err := l.(interface{ File() (*os.File, error) }).File()
	must(t, err)
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	must(t, err)
	return fd
}

func limitFiles(n uint64) {
	limit := syscall.Rlimit{}
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = n
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
