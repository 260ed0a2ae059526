// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package zmq4

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// loopback is an interface that multicast tests do not leave.
var loopback = func() string {
	all, _ := net.Interfaces()
	for _, ifi := range all {
		if ifi.Flags&(net.FlagLoopback|net.FlagUp) == net.FlagLoopback|net.FlagUp {
			return ifi.Name
		}
	}
	return ""
}()

// multicastEndpoints are endpoints, in which lo stands for the loopback
// interface, and what Bind and Connect say to them. Where they say nothing,
// the I/O thread must not abort.
var multicastEndpoints = map[string]error{
	"norm://lo;239.192.1.2:5590":                               nil,
	"norm://7,lo;239.192.1.2:5590":                             nil,
	"norm://4294967294,lo;239.192.1.2:5590":                    nil,
	"norm://nosuchif;239.192.1.2:5590":                         Errno(syscall.ENODEV),
	"norm://127.0.0.1;239.192.1.2:5590":                        Errno(syscall.ENODEV), // only names
	"norm://;239.192.1.2:5590":                                 einval,
	"norm://lo;garbage:5590":                                   einval,
	"norm://lo;[ff02::1]:5590":                                 einval,
	"norm://lo;0.0.0.0:5590":                                   einval,
	"norm://lo;239.192.1.2":                                    einval,
	"norm://lo;239.192.1.2:":                                   einval,
	"norm://lo;239.192.1.2:0":                                  einval,
	"norm://lo;239.192.1.2:65536":                              einval,
	"norm://lo;239.192.1.2:+5590":                              einval,
	"norm://lo;:5590":                                          einval,
	"norm://:5590":                                             einval,
	"norm://":                                                  einval,
	"norm://0,lo;239.192.1.2:5590":                             einval,
	"norm://x,lo;239.192.1.2:5590":                             einval,
	"norm://-1,lo;239.192.1.2:5590":                            einval,
	"norm://4294967295,lo;239.192.1.2:5590":                    einval,
	"norm://lo;239.192.1.2;x:5590":                             einval,
	"norm://" + strings.Repeat("x", 300) + ";239.192.1.2:5590": Errno(syscall.ENODEV),

	"epgm://127.0.0.1;239.192.1.1:5591":                                nil,
	"epgm://lo;239.192.1.1:5591":                                       einval, // OpenPGM takes the loopback interface by address only
	"epgm://127.0.0.1;239.192.1.1,239.192.1.3:5591":                    nil,
	"epgm://127.0.0.1;239.192.1.1;239.192.1.3:5591":                    nil,
	"epgm://127.0.0.1;239.192.1.1;239.192.1.1:5591":                    nil,
	"epgm://nosuchif;239.192.1.1:5591":                                 Errno(syscall.ENODEV),
	"epgm://192.0.2.1;239.192.1.1:5591":                                Errno(syscall.ENODEV),
	"epgm://239.192.1.1;239.192.1.1:5591":                              Errno(syscall.ENODEV),
	"epgm://::1;239.192.1.1:5591":                                      Errno(syscall.ENODEV),
	"epgm://;239.192.1.1:5591":                                         einval,
	"epgm://239.192.1.1:5591":                                          einval,
	"epgm://127.0.0.1;:5591":                                           einval,
	"epgm://127.0.0.1:5591":                                            einval,
	"epgm://127.0.0.1;10.0.0.1:5591":                                   einval,
	"epgm://127.0.0.1;nosuchgroup:5591":                                einval,
	"epgm://127.0.0.1;239.192.1.1,ff02::1:5591":                        einval,
	"epgm://127.0.0.1;239.192.1.1,239.192.1.1:5591":                    einval,
	"epgm://127.0.0.1;239.192.1.1;239.192.1.3;239.192.1.4:5591":        einval,
	"epgm://127.0.0.1;239.192.1.1;239.192.1.3,239.192.1.4:5591":        einval,
	"epgm://127.0.0.1;239.192.1.1":                                     einval,
	"epgm://127.0.0.1;239.192.1.1:0":                                   einval,
	"epgm://127.0.0.1;239.192.1.1:99999":                               einval,
	"epgm://127.0.0.1;239.192.1.1:x":                                   einval,
	"epgm://":                                                          einval,
	"epgm://127.0.0.1;" + strings.Repeat("239.192.1.1,", 30) + ":5591": einval,
	"epgm://127.0.0.1;239.1.0.1,239.1.0.2,239.1.0.3,239.1.0.4,239.1.0.5,239.1.0.6,239.1.0.7,239.1.0.8,239.1.0.9,239.1.0.10:5591":            nil,
	"epgm://127.0.0.1;239.1.0.1,239.1.0.2,239.1.0.3,239.1.0.4,239.1.0.5,239.1.0.6,239.1.0.7,239.1.0.8,239.1.0.9,239.1.0.10,239.1.0.11:5591": einval,
}

// eachMulticast tries an endpoint with publishers and subscribers, bound and
// connected.
func eachMulticast(endpoint string, before func(*testing.T) func()) func(*testing.T) error {
	return func(t *testing.T) error {
		endpoint := strings.Replace(endpoint, "://lo", "://"+loopback, 1)
		endpoint = strings.Replace(endpoint, ",lo;", ","+loopback+";", 1)
		var last error
		for i, typ := range []Type{SUB, PUB, XSUB, XPUB} {
			ctx := newContext(t)
			soc := newSocket(t, ctx, typ)
			attach := soc.Connect
			if i%2 == 1 {
				attach = soc.Bind
			}
			after := func() {}
			if before != nil {
				after = before(t)
			}
			err := attach(endpoint)
			after()
			if i > 0 && err != last {
				return fmt.Errorf("%v: %v, where another said %v", typ, err, last)
			}
			last = err
			soc.Close()
		}
		return last
	}
}

// hold binds a UDP port for itself.
func hold(address string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		conn, err := net.ListenPacket("udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		return func() { conn.Close() }
	}
}

func init() {
	for endpoint, want := range multicastEndpoints {
		fences[endpoint] = fence{eachMulticast(endpoint, nil), want}
	}
	fences["norm in use"] = fence{eachMulticast("norm://lo;239.192.1.2:5592", hold("0.0.0.0:5592")), EADDRINUSE}
	fences["norm to a host, in use"] = fence{eachMulticast("norm://127.0.0.1:5593", hold("127.0.0.1:5593")), EADDRINUSE}
	fences["epgm in use"] = fence{eachMulticast("epgm://127.0.0.1;239.192.1.1:5594", hold("0.0.0.0:5594")), EADDRINUSE}
	for _, endpoint := range []string{"norm://lo;239.192.1.2:5595", "epgm://127.0.0.1;239.192.1.1:5595"} {
		fences["no descriptors, "+endpoint] = fence{eachMulticast(endpoint, func(*testing.T) func() {
			var old syscall.Rlimit
			syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old)
			limitFiles(uint64(highestFd() + 10))
			return func() { limitFiles(old.Cur) }
		}), Errno(syscall.EMFILE)}
	}
	fences["pgm without privilege"] = fence{func(t *testing.T) error {
		if os.Getuid() == 0 {
			if err := syscall.Setuid(65534); err != nil {
				return err
			}
		}
		return eachMulticast("pgm://127.0.0.1;239.192.1.1:5596", nil)(t)
	}, Errno(syscall.EPERM)}
	fences["norm part too large"] = fence{normTooLarge, EMSGSIZE}
}

// highestFd is the highest descriptor that is open.
func highestFd() int {
	fd, _ := syscall.Dup(0)
	syscall.Close(fd)
	return fd
}

// normTooLarge sends parts that are too large for NORM in every way there is,
// and then one that is not.
func normTooLarge(t *testing.T) error {
	ctx := newContext(t)
	endpoint := "norm://" + loopback + ";239.192.1.2:5597"
	sub, pub := newSocket(t, ctx, SUB), newSocket(t, ctx, XPUB)
	must(t, sub.SetSubscribe(""))
	must(t, sub.SetRcvtimeo(patience))
	must(t, sub.Connect(endpoint))
	must(t, pub.Bind(endpoint))
	large, small := make([]byte, normPart+1), make([]byte, normPart)
	msg, err := NewMsg(len(large))
	must(t, err)
	defer msg.Close()
	for i, f := range []func() error{
		func() error { _, err := pub.SendBytes(large, 0); return err },
		func() error { _, err := pub.SendBytes(large, SNDMORE); return err },
		func() error { _, err := pub.SendMessage("x", large, "y"); return err },
		func() error { _, err := pub.SendBytesContext(context.Background(), large, 0); return err },
		func() error { _, err := pub.SendMsg(msg, 0); return err },
	} {
		if err := f(); AsErrno(err) != EMSGSIZE {
			return fmt.Errorf("send %d: %v", i, err)
		}
	}
	_, err = pub.SendMessage("x", small)
	must(t, err)
	got, err := sub.RecvMessageBytes(0)
	must(t, err)
	if len(got) != 2 || len(got[1]) != normPart {
		t.Errorf("received %d parts", len(got))
	}
	return EMSGSIZE
}
