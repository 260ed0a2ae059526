// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package docs

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

// patience is how long a program of a recipe may take for what it does at once.
const patience = time.Minute

// recipe builds the program below a heading of docs/recipes.md.
func recipe(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs/recipes.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "\n## "+heading+"\n")
	_, rest, ok2 := strings.Cut(rest, "```go\npackage main")
	source, _, ok3 := strings.Cut(rest, "\n```\n")
	if !ok || !ok2 || !ok3 {
		t.Fatalf("docs/recipes.md has no program below %q", heading)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte("package main"+source+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", program, file)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// A running program, and the lines that it writes.
type running struct {
	*exec.Cmd
	out *bufio.Reader
}

func run(t *testing.T, cmd *exec.Cmd) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	t.Cleanup(func() { stop(); cmd.Process.Kill(); cmd.Wait() })
	return &running{cmd, bufio.NewReader(out)}
}

func (r *running) line(t *testing.T) string {
	t.Helper()
	line, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

// ask sends a request to an endpoint, and checks that it comes back.
func ask(t *testing.T, endpoint string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(0), zmq4.Connect(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.SendMessageContext(ctx, "hello"); err != nil {
		t.Fatal(err)
	}
	if msg, err := client.RecvMessageContext(ctx); err != nil || strings.Join(msg, "|") != "hello" {
		t.Fatal(msg, err)
	}
}

// TestRecipes runs the programs of docs/recipes.md.
func TestRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds programs")
	}
	t.Run("Prometheus", func(t *testing.T) {
		server := run(t, exec.Command(recipe(t, "Prometheus")))
		response, err := http.Get(server.line(t))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"# TYPE zmq4_messages_received_total counter\n" + `zmq4_messages_received_total{socket="jobs"} 0` + "\n",
			"# TYPE zmq4_waiting gauge\n" + `zmq4_waiting{socket="jobs"} 0` + "\n",
			`zmq4_send_wait_seconds_total{socket="jobs"} 0` + "\n",
		} {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s lacks %s", body, want)
			}
		}
	})
	t.Run("OpenTelemetry", func(t *testing.T) {
		got := run(t, exec.Command(recipe(t, "OpenTelemetry"))).line(t)
		if want := `["resize" "cat.jpg"] 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
	t.Run("WebSocket", func(t *testing.T) {
		if !zmq4.Has("WS") {
			t.Skip("no WebSocket")
		}
		if got := run(t, exec.Command(recipe(t, "WebSocket"))).line(t); got != "[hello]" {
			t.Error(got)
		}
	})
	t.Run("Kubernetes", func(t *testing.T) {
		server := run(t, exec.Command(recipe(t, "Kubernetes: an orderly end"), "-endpoint", "tcp://127.0.0.1:*"))
		ask(t, server.line(t))
		if err := server.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Run("systemd", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		file, err := listener.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"`, recipe(t, "systemd: socket activation"))
		cmd.ExtraFiles = []*os.File{file}
		server := run(t, cmd)
		ask(t, "tcp://"+listener.Addr().String())
		if got := server.line(t); got != "[hello]" {
			t.Error(got)
		}
	})
}

// TestWSS sends a message over TLS, as docs/recipes.md says, and sees that the client looks
// at the name.
func TestWSS(t *testing.T) {
	if !zmq4.Has("WSS") {
		t.Skip("no wss")
	}
	cert, key := certificate(t, "chat.example.org")
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(0), zmq4.Configure("tls", func(s *zmq4.Socket) error {
		return errors.Join(s.SetWssCertPem(cert), s.SetWssKeyPem(key))
	}), zmq4.Bind("wss://127.0.0.1:*"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		host string
		ok   bool
	}{{"chat.example.org", true}, {"other.example.org", false}} {
		client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(0), zmq4.Configure("tls", func(s *zmq4.Socket) error {
			return errors.Join(s.SetWssTrustPem(cert), s.SetWssHostname(test.host), s.SetImmediate(true))
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		events := client.Events(ctx, zmq4.EVENT_HANDSHAKE_SUCCEEDED|zmq4.EVENT_DISCONNECTED|zmq4.EVENT_CLOSED)
		if err := client.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		for event, err := range events {
			if err != nil {
				t.Fatal(err)
			}
			if ok := event.Event == zmq4.EVENT_HANDSHAKE_SUCCEEDED; ok != test.ok {
				t.Errorf("%s: %v", test.host, event)
			}
			break
		}
	}
}

// certificate makes a certificate that signs itself, and its key, in PEM.
func certificate(t *testing.T, host string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: bytes}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", secret)
}
