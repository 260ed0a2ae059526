// SPDX-License-Identifier: BSD-2-Clause

package cert_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/cert"
)

func TestDir(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })

	path := t.TempDir()
	file := func(name string) string { return filepath.Join(path, name) }
	alice, bob := newCert(t, map[string]string{"name": "Alice", "User-Id": "root"}), newCert(t, nil)
	if _, err := cert.OpenDir(file("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenDir: %v", err)
	}
	dir, err := cert.OpenDir(path)
	must(t, err)
	expect := func(step string, a, b bool) {
		t.Helper()
		for c, want := range map[*cert.Cert]bool{alice: a, bob: b} {
			r := &zmq4.AuthRequest{Mechanism: zmq4.CURVE, User: c.Keys.Public}
			ok, err := dir.Check(t.Context(), r)
			if ok != want || err != nil {
				t.Errorf("%s: %v: %v, %v, want %v", step, c, ok, err, want)
			}
			found, ok, err := dir.Lookup(c.Keys.Public)
			if ok != want || err != nil || ok && !same(found, c.Public()) {
				t.Errorf("%s: Lookup: %v, %v, %v, want %v", step, found, ok, err, want)
			}
		}
	}
	expect("empty", false, false)
	must(t, alice.Save(file("alice.key")))
	expect("added", true, false)

	r := &zmq4.AuthRequest{Mechanism: zmq4.CURVE, User: alice.Keys.Public}
	if m, err := dir.Metadata(t.Context(), r); err != nil || !maps.Equal(m, map[string]string{"name": "Alice"}) {
		t.Errorf("Metadata: %q, %v", m, err)
	}
	r.Mechanism = zmq4.PLAIN // a user whose name is the key
	ok, err := dir.Check(t.Context(), r)
	m, err2 := dir.Metadata(t.Context(), r)
	if ok || m != nil || err != nil || err2 != nil {
		t.Errorf("PLAIN: %v, %q, %v, %v", ok, m, err, err2)
	}

	must(t, os.Rename(file("alice.key"), file("x")))
	expect("renamed", true, false)
	must(t, os.Rename(file("x"), file("alice.key")))
	for name, write := range map[string]func(string, []byte) error{
		"rewritten": func(name string, text []byte) error { return os.WriteFile(name, text, 0o600) },
		"replaced": func(name string, text []byte) error {
			return errors.Join(os.WriteFile(name+".tmp_secret", text, 0o600), os.Rename(name+".tmp_secret", name))
		},
	} {
		for range 3 { // at once, with as many bytes
			a, err := alice.Public().MarshalText()
			must(t, err)
			b, err := bob.Public().MarshalText()
			must(t, err)
			must(t, write(file("alice.key"), b))
			expect(name, false, true)
			must(t, write(file("alice.key"), a))
			expect(name, true, false)
		}
	}

	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(file("alice.key"), old, old))
	expect("old", true, false)
	expect("old, again", true, false)
	text, err := bob.Public().MarshalText()
	must(t, err)
	must(t, os.WriteFile(file("alice.key"), text, 0o600))
	expect("changed after a long time", false, true)
	must(t, os.WriteFile(file("alice.key"), []byte("nonsense"), 0o600))
	expect("broken", false, false)
	expect("broken, again", false, false)
	if text := logged.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "alice.key: invalid certificate") {
		t.Errorf("logged: %s", text)
	}

	must(t, alice.Save(file(".hidden")))
	must(t, bob.Save(file("bob.key")))
	must(t, os.Mkdir(file("directory"), 0o700))
	expect("others", false, true)
	must(t, os.Remove(file("bob.key")))
	expect("only the secret file is left", false, false)

	must(t, os.RemoveAll(path))
	r.Mechanism = zmq4.CURVE
	if ok, err := dir.Check(t.Context(), r); ok || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the directory: %v, %v", ok, err)
	}
}

func TestDirRace(t *testing.T) {
	path := t.TempDir()
	dir, err := cert.OpenDir(path)
	must(t, err)
	always, comes := newCert(t, nil), newCert(t, nil)
	must(t, always.Save(filepath.Join(path, "always.key")))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if _, ok, err := dir.Lookup(always.Keys.Public); !ok || err != nil {
					t.Error("one is missing:", err)
				}
			}
		})
	}
	for range 50 {
		must(t, comes.Save(filepath.Join(path, "comes.key")))
		must(t, os.Remove(filepath.Join(path, "comes.key")))
		must(t, always.Save(filepath.Join(path, "always.key")))
	}
	wg.Wait()
}

// TestPyzmqClients has clients of pyzmq connect to a server of this package by
// tcp, with good and bad certificates.
func TestPyzmqClients(t *testing.T) {
	python, serverCert := pyzmq(t), newCert(t, nil)
	path, clients := t.TempDir(), t.TempDir()
	must(t, serverCert.Save(filepath.Join(path, "server.key")))
	dir, err := cert.OpenDir(clients)
	must(t, err)

	ctx, err := zmq4.NewContext()
	must(t, err)
	t.Cleanup(func() { ctx.Term() })
	auth, err := zmq4.NewAuthenticator(ctx, &zmq4.AuthConfig{CheckCurve: dir.Check, Metadata: dir.Metadata})
	must(t, err)
	defer auth.Close()
	server, err := ctx.NewSocket(zmq4.PULL)
	must(t, err)
	t.Cleanup(func() { server.Close() })
	must(t, server.SetRcvtimeo(20*time.Second))
	must(t, server.ServerAuthCurve("global", serverCert.Keys.Secret))
	must(t, server.Bind("tcp://127.0.0.1:*"))
	endpoint, err := server.GetLastEndpoint()
	must(t, err)

	// Each client says how its handshake ended, as its monitor tells.
	const client = `
import os, sys, zmq, zmq.auth
from zmq.utils.monitor import recv_monitor_message
endpoint, serverfile, clients, mode = sys.argv[1:]
s = zmq.Context().socket(zmq.PUSH)
s.linger = 10000
server, _ = zmq.auth.load_certificate(serverfile)
good, secret = zmq.auth.create_certificates(clients, mode, metadata={"name": mode})
public, private = zmq.auth.load_certificate(secret)
if mode == "unknown":
    os.remove(good)
if mode == "wrong-server-key":
    server = zmq.curve_keypair()[0]
if mode == "plain":
    s.plain_username, s.plain_password = b"alice", b"secret"
elif mode != "null":
    s.curve_serverkey, s.curve_publickey, s.curve_secretkey = server, public, private
m = s.get_monitor_socket()
s.connect(endpoint)
ends = {zmq.EVENT_HANDSHAKE_SUCCEEDED: "ok", zmq.EVENT_HANDSHAKE_FAILED_AUTH: "refused",
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "protocol", zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "failed",
        zmq.EVENT_DISCONNECTED: "disconnected"}
while True:
    if not m.poll(15000):
        print("nothing", flush=True)
        os._exit(0)
    event = recv_monitor_message(m)["event"]
    if event in ends:
        break
print(ends[event], flush=True)
if ends[event] != "ok":
    os._exit(0)
s.disable_monitor()
m.close()
s.send(b"hello from " + mode.encode())
s.context.destroy(10000)
`
	for _, mode := range []string{"good", "unknown", "wrong-server-key", "plain", "null"} {
		got := run(t, python, client, endpoint, filepath.Join(path, "server.key"), clients, mode)
		if (got == "ok") != (mode == "good") || got == "nothing" {
			t.Errorf("%s: the handshake ended with %s", mode, got)
		}
	}
	msg, _, err := server.RecvWithMetadata(0, "User-Id", "name")
	if err != nil || msg != "hello from good" {
		t.Errorf("received %q, %v", msg, err)
	}
	must(t, server.SetRcvtimeo(0))
	if msg, err := server.Recv(0); err == nil {
		t.Errorf("received %q from a client that was refused", msg)
	}
}

// Whose public certificate is in the directory gets in, as long as it is there.
func ExampleOpenDir() {
	dir, err := os.MkdirTemp("", "cert")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	clients, err := cert.OpenDir(dir)
	if err != nil {
		log.Fatal(err)
	}
	ctx, err := zmq4.NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Term()
	auth, err := zmq4.NewAuthenticator(ctx, &zmq4.AuthConfig{CheckCurve: clients.Check, Metadata: clients.Metadata})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	own, err := cert.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	server, err := ctx.OpenSocket(zmq4.PULL, zmq4.CurveServer("global", own.Keys.Secret), zmq4.Bind("tcp://127.0.0.1:*"))
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		log.Fatal(err)
	}

	alice, err := cert.New(map[string]string{"name": "Alice"})
	if err != nil {
		log.Fatal(err)
	}
	if err := alice.Public().Save(filepath.Join(dir, "alice.key")); err != nil { // while the server runs
		log.Fatal(err)
	}
	client, err := ctx.OpenSocket(zmq4.PUSH, zmq4.CurveClient(own.Keys.Public, alice.Keys.Public, alice.Keys.Secret), zmq4.Connect(endpoint))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	client.Send("hello", 0)
	msg, metadata, err := server.RecvWithMetadata(0, "name")
	fmt.Println(metadata["name"], "says", msg, err)
	// Output: Alice says hello <nil>
}
