// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// streamData is what a STREAM and its peer exchange: every byte, and more of
// them than fit in one read.
var streamData = bytes.Repeat(runOfBytes[:256], 1024)

// recvStream receives a part of a stream, and who sent it.
func recvStream(soc *zmq.Socket) (id, data []byte, err error) {
	parts, err := soc.RecvMessageBytes(0)
	if err != nil {
		return nil, nil, err
	}
	if len(parts) != 2 || len(parts[0]) == 0 {
		return nil, nil, fmt.Errorf("STREAM received %q", parts)
	}
	return parts[0], parts[1], nil
}

// expectStream receives what makes up want.
func expectStream(t *testing.T, soc *zmq.Socket, want []byte) {
	t.Helper()
	var got []byte
	for len(got) < len(want) {
		_, data, err := recvStream(soc)
		must(t, err)
		got = append(got, data...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("received %s, not %s", brief(got), brief(want))
	}
}

// notice receives the empty message about a connection made or ended.
func notice(t *testing.T, soc *zmq.Socket) (id []byte) {
	t.Helper()
	id, data, err := recvStream(soc)
	must(t, err)
	if len(data) != 0 {
		t.Fatalf("%q instead of a notice", data)
	}
	return id
}

// talk writes to a raw connection and reads from it, against a STREAM that
// knows the other end as id.
func talk(t *testing.T, soc *zmq.Socket, id []byte, conn net.Conn) {
	t.Helper()
	must(t, conn.SetDeadline(time.Now().Add(Limit)))
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(streamData)
		written <- err
	}()
	expectStream(t, soc, streamData)
	must(t, <-written)

	_, err := soc.SendMessage(id, streamData)
	must(t, err)
	got := make([]byte, len(streamData))
	_, err = io.ReadFull(conn, got)
	must(t, err)
	if !bytes.Equal(got, streamData) {
		t.Errorf("the connection got %s, not %s", brief(got), brief(streamData))
	}
}

func TestStreamServer(t *testing.T) {
	soc := newSocket(t, zmq.STREAM)
	must(t, soc.Bind("tcp://127.0.0.1:*"))
	endpoint, err := soc.GetLastEndpoint()
	must(t, err)
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	must(t, err)
	defer conn.Close()
	id := notice(t, soc)
	talk(t, soc, id, conn)

	t.Run("client closes", func(t *testing.T) {
		must(t, conn.Close())
		if gone := notice(t, soc); !bytes.Equal(gone, id) {
			t.Errorf("%q is gone, not %q", gone, id)
		}
	})
	t.Run("server closes", func(t *testing.T) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
		must(t, err)
		defer conn.Close()
		_, err = soc.SendMessage(notice(t, soc), "")
		must(t, err)
		// libzmq closes the connection while somebody uses the socket.
		received := make(chan struct{})
		go func() {
			defer close(received)
			soc.RecvMessageBytes(0)
		}()
		defer func() {
			soc.Close()
			<-received
		}()
		must(t, conn.SetDeadline(time.Now().Add(Limit)))
		if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read: %d, %v, not the end", n, err)
		}
	})
}

func TestStreamClient(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	must(t, listener.(*net.TCPListener).SetDeadline(time.Now().Add(Limit)))
	soc := newSocket(t, zmq.STREAM)
	must(t, soc.Connect("tcp://"+listener.Addr().String()))
	conn, err := listener.Accept()
	must(t, err)
	defer conn.Close()
	talk(t, soc, notice(t, soc), conn)
}

func TestStreamC(t *testing.T) {
	peer := cPeer(t)
	for _, theyBind := range []bool{true, false} {
		t.Run(link{"tcp", theyBind}.String(), func(t *testing.T) {
			soc := newSocket(t, zmq.STREAM)
			args := []string{"STREAM", "bind", "tcp://127.0.0.1:*", "echo", strconv.Itoa(len(streamData))}
			if !theyBind {
				must(t, soc.Bind("tcp://127.0.0.1:*"))
				endpoint, err := soc.GetLastEndpoint()
				must(t, err)
				args[1], args[2] = "connect", endpoint
			}
			p := startPeer(t, peer, args...)
			endpoint, err := p.ready(Limit)
			must(t, err)
			if theyBind {
				must(t, soc.Connect(endpoint))
			}
			_, err = soc.SendMessage(notice(t, soc), streamData)
			must(t, err)
			expectStream(t, soc, streamData)
			must(t, p.finish(Limit))
		})
	}
}
