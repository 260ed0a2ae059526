// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/seed45097122/zmq4"
)

// A transport is a way from one socket to another.
type transport struct {
	name string

	// missing says why the transport cannot be used here, or nothing.
	missing func() string

	// maxSize is the size of the largest message that goes over it, or 0.
	maxSize int

	// endpoint makes an endpoint to bind. Files go to dir.
	endpoint func(dir string) (string, error)

	// secure prepares the sockets before they are bound and connected.
	secure func(bound, connected *zmq4.Socket) error
}

func always() string { return "" }

// needs says what is missing if libzmq was built without it.
func needs(has func() bool, what string) func() string {
	return func() string {
		if has() {
			return ""
		}
		return "libzmq was built without " + what
	}
}

func fixed(endpoint string) func(string) (string, error) {
	return func(string) (string, error) { return endpoint, nil }
}

func insecure(bound, connected *zmq4.Socket) error { return nil }

var (
	tcp    = transport{"tcp", always, 0, fixed("tcp://127.0.0.1:*"), insecure}
	inproc = transport{"inproc", always, 0, fixed("inproc://demo"), insecure}
	ipc    = transport{"ipc", needs(zmq4.HasIpc, "ipc"), 0, ipcEndpoint, insecure}
	curve  = transport{"curve", needs(zmq4.HasCurve, "CURVE"), 0, fixed("tcp://127.0.0.1:*"), encrypt}
	epgm   = transport{"epgm", multicastMissing(zmq4.HasPgm, "PGM", pgmGroup), 0, epgmEndpoint, insecure}

	// The receiver of a part of more than 2 KiB spins for ever in libzmq 4.3.4.
	norm = transport{"norm", multicastMissing(zmq4.HasNorm, "NORM", normGroup), 2000, normEndpoint, insecure}
)

func ipcEndpoint(dir string) (string, error) {
	f, err := os.CreateTemp(dir, "ipc-")
	if err != nil {
		return "", err
	}
	return "ipc://" + filepath.ToSlash(f.Name()), errors.Join(f.Close(), os.Remove(f.Name()))
}

// encrypt gives the bound socket a key pair, and the connected one a key pair
// of its own and the public key of the other.
func encrypt(bound, connected *zmq4.Socket) error {
	serverPublic, serverSecret, err := zmq4.NewCurveKeypair()
	if err != nil {
		return err
	}
	clientPublic, clientSecret, err := zmq4.NewCurveKeypair()
	if err != nil {
		return err
	}
	err = errors.Join(
		bound.SetCurveServer(1),
		bound.SetCurveSecretkey(serverSecret),
		connected.SetCurveServerkey(serverPublic),
		connected.SetCurvePublickey(clientPublic),
		connected.SetCurveSecretkey(clientSecret),
	)
	if err != nil {
		return err
	}
	for _, soc := range []*zmq4.Socket{bound, connected} {
		switch m, err := soc.GetMechanism(); {
		case err != nil:
			return err
		case m != zmq4.CURVE:
			return fmt.Errorf("the mechanism of %v is %v, not CURVE", soc, m)
		}
	}
	return nil
}

// Multicast groups of the range that is for local use. The endpoints name the
// loopback interface, so that nothing leaves the machine.
var (
	pgmGroup  = net.IPv4(239, 192, 1, 1)
	normGroup = net.IPv4(239, 192, 1, 2)
)

// multicastRate is how fast PGM sends, in kilobits per second.
const multicastRate = 40_000

// multicastMissing says what is missing if libzmq was built without the
// protocol, or if the group cannot be joined: libzmq would end the process.
func multicastMissing(has func() bool, protocol string, group net.IP) func() string {
	return func() string {
		if why := needs(has, protocol)(); why != "" {
			return why
		}
		if _, _, err := join(group); err != nil {
			return err.Error()
		}
		return ""
	}
}

// join joins a group on the loopback interface for a moment. It returns the
// interface and a port that is free.
func join(group net.IP) (*net.Interface, int, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, 0, err
	}
	for i := range all {
		const wanted = net.FlagLoopback | net.FlagUp
		if all[i].Flags&wanted != wanted {
			continue
		}
		conn, err := net.ListenMulticastUDP("udp4", &all[i], &net.UDPAddr{IP: group})
		if err != nil {
			return nil, 0, err
		}
		return &all[i], conn.LocalAddr().(*net.UDPAddr).Port, conn.Close()
	}
	return nil, 0, errors.New("no loopback interface is up")
}

func epgmEndpoint(string) (string, error) {
	_, port, err := join(pgmGroup)
	return fmt.Sprintf("epgm://127.0.0.1;%v:%d", pgmGroup, port), err
}

func normEndpoint(string) (string, error) {
	lo, port, err := join(normGroup)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("norm://%s;%v:%d", lo.Name, normGroup, port), nil
}
