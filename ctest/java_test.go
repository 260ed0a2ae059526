// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"os"
	"os/exec"
	"testing"
)

// jeromq is where Debian's libjeromq-java puts it.
const jeromq = "/usr/share/java/jeromq.jar"

// javaPeer returns the command that runs Peer.java.
func javaPeer(t *testing.T) []string {
	if _, err := exec.LookPath("javac"); err != nil {
		t.Skip("no JDK")
	}
	if _, err := os.Stat(jeromq); err != nil {
		t.Skip("no JeroMQ: install libjeromq-java")
	}
	dir := t.TempDir()
	_, err := output("javac", "-nowarn", "-d", dir, "-cp", jeromq, "Peer.java")
	must(t, err)
	return []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", jeromq + ":" + dir, "Peer"}
}

func TestJava(t *testing.T) {
	if testing.Short() {
		t.Skip("a Java machine takes long to start")
	}
	peer := javaPeer(t)
	runPatterns(t, peer, link{"tcp", true}, 500, patterns)
	runPatterns(t, peer, link{"tcp", false}, 500, patterns[:2])
}
