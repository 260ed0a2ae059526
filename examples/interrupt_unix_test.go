// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package examples

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed45097122/zmq4/ctest"
)

// TestInterrupted interrupts programs as soon as they want to know: those that
// the other tests leave to end by themselves. Nobody is there to talk to.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs other programs")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	// E and F are endpoints.
	for _, command := range []string{
		"authenticator",
		"batches -n 1000000000",
		"clonecli1 -publisher E",
		"clonecli2 -snapshot E -publisher F",
		"clonesrv1 -publisher E -clients 1",
		"demo -n 100000000 -run inproc",
		"device -frontend E -backend F -n 10000000",
		"espresso -frontend E -backend F -n 0",
		"fileio1 -endpoint E -chunk 10",
		"fileio2 -endpoint E -chunk 10",
		"fileio3 -endpoint E -chunk 10",
		"flclient1 -timeout 1h E",
		"flserver2 -bind E",
		"grasslands -endpoint tcp://127.0.0.1:*",
		"ironhouse -endpoint tcp://127.0.0.1:*",
		"iterators -n 1000000000",
		"lpclient -server E -timeout 1h",
		"manysockets -sockets 10 -receives 10 -settle 1h",
		"mdclient -broker E -timeout 1h",
		"mdclient2 -broker E -timeout 1h",
		"mmiecho -broker E -timeout 1h",
		"monitoring -endpoint E",
		"mtrelay -steps 100",
		"pathosub -endpoint E",
		"receiveahead -n 1000000000",
		"stonehouse -endpoint tcp://127.0.0.1:*",
		"strawhouse -endpoint tcp://127.0.0.1:*",
		"suisnail -endpoint E -late 1h",
		"syncpub -endpoint E -sync F",
		"syncsub -endpoint E -sync F",
		"tasksink -endpoint E -control F",
		"taskvent -endpoint E -sink F",
		"ticlient -broker E -timeout 1h",
		"tripping -frontend E -backend F -n 1000000000",
		"woodhouse -endpoint tcp://127.0.0.1:*",
	} {
		name, _, _ := strings.Cut(command, " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ctest.Endpoints(t, 2)
			args := strings.Fields(command)
			for i, a := range args {
				switch a {
				case "E":
					args[i] = e[0]
				case "F":
					args[i] = e[1]
				}
			}
			// Until the program handles the signal, it is ignored.
			p := run(t, name, exec.Command(sh, append([]string{"-c", `trap "" INT; exec "$0" "$@"`, binary(t, name)}, args[1:]...)...))
			again, late := time.NewTicker(20*time.Millisecond), time.After(patience)
			defer again.Stop()
			for {
				select {
				case <-p.exited:
					p.wait()
					interrupted.Store(name, true)
					return
				case <-again.C:
					p.cmd.Process.Signal(syscall.SIGINT)
				case <-late:
					t.Fatal("it did not end")
				}
			}
		})
	}
}

// TestInterruptedAtWork interrupts programs that have an hour's work to do.
func TestInterruptedAtWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ server, until string }{
		{"hwserver", `^Received Hello$`},
		{"mtserver", `^Worker \d received Hello$`},
		{"sharedsocket", `^Worker \d received Hello$`},
	} {
		t.Run(c.server, func(t *testing.T) {
			t.Parallel()
			e := ctest.Endpoints(t, 1)
			server := start(t, c.server, "-endpoint", e[0], "-work", "1h")
			client := start(t, "hwclient", "-endpoint", e[0])
			server.expect(c.until)
			server.interrupt()
			client.interrupt()
		})
	}
	for _, c := range []struct{ broker, worker, client, until string }{
		{"rrbroker", "rrworker", "rrclient", `^Received request: Hello 0$`},
		{"lbbroker3", "lbworker", "lbclient", `^worker: HELLO 1$`},
	} {
		t.Run(c.worker, func(t *testing.T) {
			t.Parallel()
			e := ctest.Endpoints(t, 2)
			broker := start(t, c.broker, "-frontend", e[0], "-backend", e[1])
			worker := start(t, c.worker, "-endpoint", e[1], "-work", "1h")
			client := start(t, c.client, "-endpoint", e[0])
			worker.expect(c.until)
			worker.interrupt()
			client.interrupt()
			broker.interrupt()
		})
	}
}
