// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

// #include "shim.h"
import "C"

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// A descriptor waits in Go's network poller, or naps. Its fields are changed
// with parker.mu held, or by the leader alone.
type descriptor struct {
	fd       int                // there once onSignal is; else the leader sleeps
	file     *os.File           // has fd while the network poller knows of it
	loose    runtime.Cleanup    // closes fd, if no file has it, when the parker is lost
	conn     syscall.RawConn    // of file
	onSignal func(uintptr) bool // made once, so that waiting does not allocate
	current  *waiter            // the leader, while it is in conn.Read
	rounds   int
	limited  bool // file has a read deadline

	napper
}

// interrupted is a deadline that is always over.
var interrupted = time.Unix(1, 0)

// open makes the parker wait for fd, which it will close. Before that it
// cannot be waited on.
func (k *parker) open(fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fd = fd
	if err := k.register(); err != nil {
		k.loose.Stop()
		syscall.Close(k.fd)
		return err
	}
	k.onSignal = func(uintptr) bool {
		signalled := k.rounds > 0
		k.rounds++
		return k.round(k.current, signalled)
	}
	return nil
}

func (k *parker) opened() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.onSignal != nil
}

// register makes the network poller know of fd, or else fd a duplicate.
func (k *parker) register() error {
	if k.file != nil {
		return nil
	}
	file := os.NewFile(uintptr(k.fd), "zmq4")
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // fails where it cannot be waited on
	}
	if err != nil {
		k.release(file, int(C.zmq4_dup(C.int(k.fd))))
		return err
	}
	k.loose.Stop()
	k.file, k.conn, k.limited = file, conn, false
	return nil
}

// release closes a file that has fd, as it would do itself once it is garbage.
// The parker keeps a duplicate, or, if that is negative, looks again and again.
func (k *parker) release(file *os.File, duplicate int) {
	k.loose.Stop()
	file.Close()
	k.fd, k.file, k.conn = duplicate, nil, nil
	if duplicate >= 0 {
		k.loose = runtime.AddCleanup(k, func(fd int) { syscall.Close(fd) }, duplicate)
	}
}

// lead waits until round returns true, or the deadline is over, or interrupt.
func (k *parker) lead(w *waiter, deadline time.Time) {
	if k.nap(w, deadline) {
		return
	}
	start := time.Since(epoch)
	k.mu.Lock()
	if k.over(w) {
		k.mu.Unlock()
		return
	}
	opened := k.onSignal != nil
	if opened && k.register() == nil {
		if k.limited || !deadline.IsZero() {
			k.limited = !deadline.IsZero()
			k.file.SetReadDeadline(deadline)
		}
		k.mu.Unlock()
		k.current, k.rounds = w, 0
		k.conn.Read(k.onSignal)
		k.current = nil
		k.awake(start)
		return
	}
	k.mu.Unlock()
	k.short = false
	if k.round(w, false) {
		return
	}
	if end := time.Now().Add(napTime); opened && (deadline.IsZero() || end.Before(deadline)) {
		deadline = end // the network poller does not take it: look again
	}
	w.sleep(deadline)
}

// interrupt ends lead.
func (k *parker) interrupt() {
	if k.alarm != nil {
		k.alarm.ring()
	}
	if k.file == nil {
		return // the waiter's signal does, or the alarm
	}
	k.limited = true
	k.file.SetReadDeadline(interrupted)
}

// shut closes the descriptor. It waits until the leader has left conn.Read; one
// that naps closes it instead.
func (k *parker) shut() {
	k.mu.Lock()
	file, fd := k.file, k.fd
	opened := k.onSignal != nil && k.alarm == nil && k.fd >= 0
	if opened {
		k.loose.Stop()
		k.file, k.fd = nil, -1
	}
	k.mu.Unlock()
	switch {
	case !opened:
	case file != nil:
		file.Close()
	default:
		syscall.Close(fd)
	}
}

// wakePipe makes a pipe: C writes to fd, and wait returns after that. Both ends
// are kept for ever.
func wakePipe() (wait func(), fd int, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, 0, err
	}
	conn, err := w.SyscallConn() // File.Fd would make the pipe block
	if err == nil {
		err = conn.Control(func(f uintptr) { fd = int(f) })
	}
	if err != nil {
		r.Close()
		w.Close()
		return nil, 0, err
	}
	buf := make([]byte, 64)
	return func() {
		r.Read(buf)
		runtime.KeepAlive(w)
	}, fd, nil
}
