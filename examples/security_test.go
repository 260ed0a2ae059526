// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestHouses wants exactly these lines.
func TestHouses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		curve bool
		want  string
	}{
		{"grasslands", false, "Anybody: Hello\n"},
		{"strawhouse", false, "127\\.0\\.0\\.1, not on the list: refused\n127\\.0\\.0\\.1, on the list: Hello\n"},
		{"woodhouse", false, "The right password: Hello, admin\nA wrong password: refused\nAn unknown user: refused\nNo password: refused\n"},
		{"stonehouse", true, "The client's key: .{40}\nThe server's key: Hello, .{40}\nAnother server's key: refused\nNo key: refused\n"},
		{"ironhouse", true, "Alice: Hello, Alice\nMallory: refused\nAlice, removed: refused\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needsHandshakes(t, c.curve, c.name)
			out := start(t, c.name, "-endpoint", "tcp://127.0.0.1:*").wait()
			if !regexp.MustCompile(`\A` + c.want + `\z`).MatchString(out) {
				t.Errorf("want %q", c.want)
			}
		})
	}
}

// TestIronhouse2 lets a client in when its certificate is given to the server,
// while that runs, and locks it out when it is taken away.
func TestIronhouse2(t *testing.T) {
	t.Parallel()
	needsHandshakes(t, true, "ironhouse2")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"server", "alice", "mallory"} {
		start(t, "ironhouse2", "new", file(name+".key"), name+" of Berlin").wait()
	}
	clients := file("clients")
	must(os.Mkdir(clients, 0o700))
	admit := func(name string) {
		t.Helper()
		public, err := os.ReadFile(file(name + ".key"))
		must(err)
		must(os.WriteFile(filepath.Join(clients, name+".key"), public, 0o600))
	}

	admit("alice")
	server := start(t, "ironhouse2", "-endpoint", "tcp://127.0.0.1:*", "serve", file("server.key_secret"), clients)
	address := server.expect(`^listening on (.*)$`)[1]
	ask := func(name, key string) *process {
		return start(t, "ironhouse2", "-endpoint", address, "ask", file(name), file(key))
	}

	alice := ask("alice.key_secret", "server.key")
	alice.expect(`^Hello, alice of Berlin$`)
	alice.wait()
	server.expect(`ALLOWED.* mechanism=CURVE`)

	ask("mallory.key_secret", "server.key").fails(`^ironhouse2: refused: EVENT_HANDSHAKE_FAILED_AUTH .* ZAP status 400$`)
	server.expect(`DENIED.* why="?callback"? mechanism=CURVE`)

	admit("mallory")
	mallory := ask("mallory.key_secret", "server.key")
	mallory.expect(`^Hello, mallory of Berlin$`)
	mallory.wait()
	server.expect(`ALLOWED.* mechanism=CURVE`)

	must(os.Remove(filepath.Join(clients, "mallory.key")))
	ask("mallory.key_secret", "server.key").fails(`^ironhouse2: refused: EVENT_HANDSHAKE_FAILED_AUTH .* ZAP status 400$`)

	// Who takes another's key for the server's does not get as far as that.
	ask("alice.key_secret", "mallory.key").fails(`^ironhouse2: refused: `)
	// The public certificate is no identity.
	ask("alice.key", "server.key").fails(`alice\.key: there is no secret key in it$`)
	server.interrupt()
}

// fails waits until the program has ended by itself with status 1, and has
// written something that matches.
func (p *process) fails(pattern string) {
	p.t.Helper()
	p.abandon()
	p.expect(pattern)
}
