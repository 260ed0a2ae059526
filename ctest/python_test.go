// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"os/exec"
	"testing"

	zmq "github.com/seed45097122/zmq4"
)

// pythonPeer returns the command that runs peer.py.
func pythonPeer(t *testing.T) []string {
	// Debian's python3-zmq belongs to Debian's Python.
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import zmq").Run() == nil {
			return []string{python, "-B", "peer.py"}
		}
	}
	t.Skip("no pyzmq: install python3-zmq")
	return nil
}

func TestPython(t *testing.T) {
	peer := pythonPeer(t)
	runPatterns(t, peer, link{"tcp", true}, many(2000), patterns)
	runPatterns(t, peer, link{"ipc", false}, many(500), patterns)
	runPatterns(t, peer, link{"tcp", false}, many(100_000), []pattern{{"PUSH", zmq.PULL, "send"}, {"PULL", zmq.PUSH, "recv"}})
}

func TestPythonSecurity(t *testing.T) {
	runSecurity(t, pythonPeer(t), []link{{"tcp", true}}, []pattern{{"DEALER", zmq.ROUTER, "request"}})
}
