// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestStrings(t *testing.T) {
	// Defect 61.
	for _, test := range []struct {
		value fmt.Stringer
		want  string
	}{
		{State(0), "<NONE>"},
		{POLLIN, "POLLIN"},
		{POLLOUT, "POLLOUT"},
		{POLLIN | POLLOUT, "POLLIN|POLLOUT"},
		{POLLIN | 0x40, "POLLIN|0x40"},
		{State(0x50), "0x50"},
		{POLLERR | POLLPRI, "POLLERR|POLLPRI"},
		{Flag(0), "<NONE>"},
		{DONTWAIT | SNDMORE, "DONTWAIT|SNDMORE"},
		{SNDMORE | 0x10 | 0x20, "SNDMORE|0x30"},
		{Event(0), "<NONE>"},
		{EVENT_ALL, "EVENT_ALL"},
		{EVENT_CONNECTED | EVENT_CLOSED, "EVENT_CONNECTED|EVENT_CLOSED"},
		{EVENT_HANDSHAKE_FAILED_AUTH, "EVENT_HANDSHAKE_FAILED_AUTH"},
		{EVENT_CONNECTED | EVENT_PIPES_STATS, "EVENT_CONNECTED|EVENT_PIPES_STATS"},
		{EVENT_CONNECTED | 0x20000, "EVENT_CONNECTED|0x20000"},
		{Event(0x20000), "0x20000"},
		{PEER, "PEER"},
		{NotifyConnect | NotifyDisconnect, "NotifyConnect|NotifyDisconnect"},
		{ReconnectStopConnRefused | ReconnectStopAfterDisconnect, "CONN_REFUSED|AFTER_DISCONNECT"},
		{Type(-1), "<INVALID>"},
		{REQ, "REQ"},
		{XSUB, "XSUB"},
		{STREAM, "STREAM"},
		{Mechanism(99), "<INVALID>"},
		{NULL, "NULL"},
		{PLAIN, "PLAIN"},
		{CURVE, "CURVE"},
		{GSSAPI, "GSSAPI"},
	} {
		if got := test.value.String(); got != test.want {
			t.Errorf("%T: %q, want %q", test.value, got, test.want)
		}
	}
	for _, e := range []Event{EVENT_HANDSHAKE_FAILED_NO_DETAIL, EVENT_HANDSHAKE_SUCCEEDED, EVENT_HANDSHAKE_FAILED_PROTOCOL, EVENT_HANDSHAKE_FAILED_AUTH} {
		if e <= 0 || e&EVENT_ALL != e {
			t.Errorf("%v is %#x", e, int(e))
		}
	}
}

func TestHas(t *testing.T) {
	// Defect 61.
	for name, has := range map[string]func() bool{
		"ipc": HasIpc, "pgm": HasPgm, "tipc": HasTipc, "norm": HasNorm, "curve": HasCurve, "gssapi": HasGssapi,
	} {
		if got, want := Has(name), has(); got != want {
			t.Errorf("Has(%q) is %v, the function of that name %v", name, got, want)
		}
	}
	ctx := newContext(t)
	if soc := newSocket(t, ctx, PULL); Has("ipc") != (soc.Bind("ipc://"+filepath.Join(t.TempDir(), "s")) == nil) {
		t.Errorf("Has(\"ipc\") is %v", Has("ipc"))
	}
	for _, name := range []string{"", "IPC", "ipc\x00", "ipc\x00x", "nothing", strings.Repeat("x", 10000)} {
		if Has(name) {
			t.Errorf("Has(%.20q)", name)
		}
	}
}

// With a libzmq that is newer than all that is known here, everything works.
func TestNewerLibzmq(t *testing.T) {
	// Defect 56.
	const version = "9.8.7"
	if os.Getenv("ZMQ4_TEST_VERSION") == "" {
		runWithVersion(t, version)
		return
	}
	major, minor, patch := Version()
	if got := fmt.Sprintf("%d.%d.%d", major, minor, patch); got != version {
		t.Fatalf("Version is %s", got)
	}
	if GetRetryAfterEINTR() != true { // Defect 57.
		t.Error("GetRetryAfterEINTR is false")
	}
	SetRetryAfterEINTR(true)
	soc, err := NewSocket(PAIR)
	must(t, err)
	defer soc.Close()
	peer, err := NewSocket(PAIR)
	must(t, err)
	defer peer.Close()
	must(t, errors.Join(soc.Bind("inproc://x"), peer.Connect("inproc://x")))
	handshake(t, soc, peer)
	if text := Z85encode(z85Binary); text != z85Text {
		t.Errorf("Z85encode = %q", text)
	}
	fmt.Println("newer libzmq: ok")
}

// runWithVersion runs the test in a process of its own, where zmq_version is
// another function.
func runWithVersion(t *testing.T, version string) {
	if runtime.GOOS != "linux" || asanEnabled {
		t.Skip("needs LD_PRELOAD")
	}
	dir := t.TempDir()
	source, library := filepath.Join(dir, "version.c"), filepath.Join(dir, "version.so")
	text := "void zmq_version(int *major, int *minor, int *patch) { *major = 9; *minor = 8; *patch = 7; }\n"
	must(t, os.WriteFile(source, []byte(text), 0o600))
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Skipf("%s: %v\n%s", cc, err, out)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+library, "ZMQ4_TEST_VERSION="+version)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "newer libzmq: ok") {
		t.Errorf("%v\n%s", err, out)
	}
}
