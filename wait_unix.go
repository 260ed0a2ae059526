// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// A descriptor waits in Go's network poller. All but lead is called with
// parker.mu held.
type descriptor struct {
	file     *os.File // nil until open; the leader of a parker that has none sleeps
	conn     syscall.RawConn
	onSignal func(uintptr) bool // made once, so that waiting does not allocate
	current  *waiter            // the leader, while it is in conn.Read
	rounds   int
	limited  bool // file has a read deadline
}

// interrupted is a deadline that is always over.
var interrupted = time.Unix(1, 0)

// open makes the parker wait for fd, which it will close. Before that it
// cannot be waited on.
func (k *parker) open(fd int) error {
	file := os.NewFile(uintptr(fd), "zmq4")
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // fails where it cannot be waited on
	}
	if err != nil {
		file.Close()
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.file, k.conn = file, conn
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
	return k.file != nil
}

// begin prepares the wait of a leader.
func (k *parker) begin(deadline time.Time) {
	if k.file != nil && (k.limited || !deadline.IsZero()) {
		k.limited = !deadline.IsZero()
		k.file.SetReadDeadline(deadline)
	}
}

// lead waits until round returns true, or the deadline is over, or interrupt.
func (k *parker) lead(w *waiter, deadline time.Time) {
	if k.conn == nil {
		if !k.round(w, false) {
			w.sleep(deadline)
		}
		return
	}
	k.current, k.rounds = w, 0
	k.conn.Read(k.onSignal)
	k.current = nil
}

// interrupt ends lead.
func (k *parker) interrupt() {
	if k.file == nil {
		return // the waiter's signal does
	}
	k.limited = true
	k.file.SetReadDeadline(interrupted)
}

// shut closes the descriptor. It waits until the leader has left lead.
func (k *parker) shut() {
	k.mu.Lock()
	file := k.file
	k.mu.Unlock()
	if file != nil {
		file.Close()
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
