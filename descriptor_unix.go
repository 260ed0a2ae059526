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

// A descriptor is what the leader of a parker waits for, in Go's network poller, or in a nap. Its
// fields are changed with parker.mu held, or by the leader alone.
type descriptor struct {
	parker   *parker
	fd       int                // there once onSignal is; else the leader sleeps
	file     *os.File           // has fd while the network poller knows of it
	loose    runtime.Cleanup    // closes fd, if no file has it, when the parker is lost
	conn     syscall.RawConn    // of file
	onSignal func(uintptr) bool // made once, so that waiting does not allocate
	current  *waiter            // the leader, while it is in conn.Read
	rounds   int
	limited  bool // file has a read deadline
	shared   bool // somebody else uses fd by its number

	nap napper
}

// interrupted is a deadline that is always over.
var interrupted = time.Unix(1, 0)

// open makes the descriptor fd, which it will close. Before that nothing signals it.
func (d *descriptor) open(fd int) error {
	d.parker.mu.Lock()
	defer d.parker.mu.Unlock()
	d.fd = fd
	if err := d.register(); err != nil {
		d.loose.Stop()
		syscall.Close(d.fd)
		return err
	}
	d.onSignal = func(uintptr) bool {
		signalled := d.rounds > 0
		d.rounds++
		return d.parker.round(d.current, signalled)
	}
	return nil
}

func (d *descriptor) opened() bool {
	d.parker.mu.Lock()
	defer d.parker.mu.Unlock()
	return d.onSignal != nil
}

// register makes the network poller know of fd, or else fd a duplicate.
func (d *descriptor) register() error {
	if d.file != nil {
		return nil
	}
	file := os.NewFile(uintptr(d.fd), "zmq4")
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // fails where it cannot be waited on
	}
	if err != nil {
		d.release(file, int(C.zmq4_dup(C.int(d.fd))))
		return err
	}
	d.loose.Stop()
	d.file, d.conn, d.limited = file, conn, false
	return nil
}

// release closes a file that has fd, as it would do itself once it is garbage.
// The parker keeps a duplicate, or, if that is negative, looks again and again.
func (d *descriptor) release(file *os.File, duplicate int) {
	d.loose.Stop()
	file.Close()
	d.fd, d.file, d.conn = duplicate, nil, nil
	if duplicate >= 0 {
		d.loose = runtime.AddCleanup(d.parker, func(fd int) { syscall.Close(fd) }, duplicate)
	}
}

// unregister makes the network poller forget the descriptor. That takes a
// duplicate: if there can be none, it stays.
func (d *descriptor) unregister() {
	d.parker.mu.Lock()
	defer d.parker.mu.Unlock()
	if d.file == nil || d.parker.closed || d.shared {
		return
	}
	if fd := C.zmq4_dup(C.int(d.fd)); fd >= 0 {
		d.release(d.file, int(fd))
	}
}

// wait waits until parker.round returns true, or the deadline is over, or interrupt.
func (d *descriptor) wait(w *waiter, deadline time.Time) {
	if d.nap.wait(d, w, deadline) {
		return
	}
	start := time.Since(epoch)
	d.parker.mu.Lock()
	if d.parker.over(w) {
		d.parker.mu.Unlock()
		return
	}
	opened := d.onSignal != nil
	if opened && d.register() == nil {
		if d.limited || !deadline.IsZero() {
			d.limited = !deadline.IsZero()
			d.file.SetReadDeadline(deadline)
		}
		d.parker.mu.Unlock()
		d.current, d.rounds = w, 0
		d.conn.Read(d.onSignal)
		d.current = nil
		d.nap.ended(d.parker.guess, start)
		return
	}
	d.parker.mu.Unlock()
	d.parker.guess.short.Store(false)
	if d.parker.round(w, false) {
		return
	}
	if end := time.Now().Add(napTime); opened && (deadline.IsZero() || end.Before(deadline)) {
		deadline = end // the network poller does not take it: look again
	}
	w.sleep(deadline)
}

// interrupt ends wait.
func (d *descriptor) interrupt() {
	if d.nap.alarm != nil {
		d.nap.alarm.ring()
	}
	if d.file == nil {
		return // the waiter's signal does, or the alarm
	}
	d.limited = true
	d.file.SetReadDeadline(interrupted)
}

// close closes the descriptor. It waits until the leader has left conn.Read; one
// that naps closes it instead.
func (d *descriptor) close() {
	d.parker.mu.Lock()
	file, fd := d.file, d.fd
	opened := d.onSignal != nil && d.nap.alarm == nil && d.fd >= 0
	if opened {
		d.loose.Stop()
		d.file, d.fd = nil, -1
	}
	d.parker.mu.Unlock()
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
