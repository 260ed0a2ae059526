// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	zmq "github.com/pebbe/zmq4"
)

func constants() {
	say("defaults", zmq.MaxSocketsDflt, zmq.IoThreadsDflt, zmq.CURVE_ALLOW_ANY)
	for _, c := range []struct {
		name  string
		value int
	}{
		{"REQ", int(zmq.REQ)}, {"REP", int(zmq.REP)}, {"DEALER", int(zmq.DEALER)}, {"ROUTER", int(zmq.ROUTER)},
		{"PUB", int(zmq.PUB)}, {"SUB", int(zmq.SUB)}, {"XPUB", int(zmq.XPUB)}, {"XSUB", int(zmq.XSUB)},
		{"PUSH", int(zmq.PUSH)}, {"PULL", int(zmq.PULL)}, {"PAIR", int(zmq.PAIR)}, {"STREAM", int(zmq.STREAM)},
		{"DONTWAIT", int(zmq.DONTWAIT)}, {"SNDMORE", int(zmq.SNDMORE)},
		{"POLLIN", int(zmq.POLLIN)}, {"POLLOUT", int(zmq.POLLOUT)},
		{"NULL", int(zmq.NULL)}, {"PLAIN", int(zmq.PLAIN)}, {"CURVE", int(zmq.CURVE)}, {"GSSAPI", int(zmq.GSSAPI)},
	} {
		say(c.name, c.value)
	}
	for _, e := range events {
		say(fmt.Sprintf("event %d", int(e)), e.String())
	}
	for errno, name := range errnos {
		say(name, int(errno))
	}
}

var events = []zmq.Event{
	zmq.EVENT_ALL, zmq.EVENT_CONNECTED, zmq.EVENT_CONNECT_DELAYED, zmq.EVENT_CONNECT_RETRIED, zmq.EVENT_LISTENING,
	zmq.EVENT_BIND_FAILED, zmq.EVENT_ACCEPTED, zmq.EVENT_ACCEPT_FAILED, zmq.EVENT_CLOSED, zmq.EVENT_CLOSE_FAILED,
	zmq.EVENT_DISCONNECTED, zmq.EVENT_MONITOR_STOPPED, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_SUCCEEDED,
	zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_HANDSHAKE_FAILED_AUTH,
}

// names prints the String methods.
func names() {
	for i := -1; i <= 20; i++ {
		say(fmt.Sprintf("Type(%d)", i), zmq.Type(i).String())
	}
	for _, i := range []int{0, 1, 2, 3, 4, 6, 64, 67} {
		say(fmt.Sprintf("Flag(%d)", i), zmq.Flag(i).String())
		say(fmt.Sprintf("State(%d)", i), zmq.State(i).String())
	}
	for i := -1; i <= 5; i++ {
		say(fmt.Sprintf("Mechanism(%d)", i), zmq.Mechanism(i).String())
	}
	for _, i := range []int{0, 1, 3, 1 << 11, 1 << 15, 1<<16 - 1, 1<<16 + 1, 1 << 16, 1 << 17, 0x7fff} {
		say(fmt.Sprintf("Event(%d)", i), zmq.Event(i).String())
	}
	say("formats", fmt.Sprintf("%v %d %s", zmq.REQ, zmq.REQ, zmq.POLLIN|zmq.POLLOUT), fmt.Sprint(zmq.DONTWAIT|zmq.SNDMORE))
}

func errorTexts() {
	for _, known := range variables {
		say(known.name, known.err.Error(), raw(fmt.Sprintf("%T", known.err)))
		say(known.name+" as Errno", uintptr(zmq.AsErrno(known.err)), errors.Is(known.err, net.ErrClosed))
	}
	for errno, name := range errnos {
		say(name+" text", errno.Error(), zmq.Error(int(errno)))
	}
	for _, e := range []uintptr{0, 1, 133, 134, 1000, 156384712, 156384711, 156384762, 156384767, 1<<31 - 1} {
		say(fmt.Sprintf("Errno(%d)", e), zmq.Errno(e).Error())
	}
	for _, e := range []int{-1, 0, 1, 1000, 156384711, 156384767} {
		say(fmt.Sprintf("Error(%d)", e), zmq.Error(e))
	}
	for _, e := range []struct {
		name string
		err  error
	}{
		{"nil", nil}, {"Errno", zmq.EFSM}, {"syscall.Errno", syscall.EAGAIN}, {"other", anError},
		{"wrapped Errno", fmt.Errorf("it: %w", zmq.EFSM)}, {"wrapped syscall.Errno", &os.PathError{Err: syscall.ENOENT}},
	} {
		say("AsErrno "+e.name, uintptr(zmq.AsErrno(e.err)))
	}

	// As programs look at errors.
	soc := open(zmq.PULL)
	_, err := soc.Recv(zmq.DONTWAIT)
	errno, ok := err.(zmq.Errno)
	say("EAGAIN asserted", ok, uintptr(errno), errno.Error(), zmq.AsErrno(err) == zmq.Errno(syscall.EAGAIN))
	say("EAGAIN switch", raw(fmt.Sprintf("%T %v %d", err, err, errno)))
	say("EAGAIN is syscall.EAGAIN", errors.Is(err, syscall.EAGAIN), errors.Is(err, zmq.Errno(syscall.EAGAIN)), err == syscall.EAGAIN)
	say("EAGAIN is a deadline", errors.Is(err, os.ErrDeadlineExceeded))
	_, timeout := err.(interface{ Timeout() bool })
	_, temporary := err.(interface{ Temporary() bool })
	_, network := err.(net.Error)
	say("EAGAIN methods", timeout, temporary, network)
	err = soc.Unbind("tcp://127.0.0.1:1")
	say("ENOENT is fs.ErrNotExist", errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOENT))
	must(soc.Close())
	_, err = soc.Recv(0)
	_, ok = err.(zmq.Errno)
	say("ErrorSocketClosed compared", err == zmq.ErrorSocketClosed, errors.Is(err, zmq.ErrorSocketClosed), ok, err.Error())
}

func library() {
	major, minor, patch := zmq.Version()
	say("Version", major, minor, patch)
	say("HasPgm", zmq.HasPgm())
	say("Has", zmq.HasIpc(), zmq.HasTipc(), zmq.HasNorm(), zmq.HasCurve(), zmq.HasGssapi())
}
