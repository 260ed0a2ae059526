// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
)

// number returns a group of a match as a number.
func number(t *testing.T, group string) int {
	t.Helper()
	n, err := strconv.Atoi(group)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHelloWorld(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	// In either order.
	client := start(t, "hwclient", "-endpoint", e[0], "-n", "3")
	client.expect(`^Sending Hello 0$`)
	server := start(t, "hwserver", "-endpoint", e[0], "-work", "1ms", "-n", "5")
	want := "Sending Hello 0\nReceived World 0\nSending Hello 1\nReceived World 1\nSending Hello 2\nReceived World 2\n"
	if got := client.wait(); got != want {
		t.Errorf("the client wrote %q, want %q", got, want)
	}
	other := start(t, "hwclient", "-endpoint", e[0], "-n", "2")
	other.expect(`^Received World 1$`)
	other.wait()
	if got, want := server.wait(), "hwserver: listening on "+e[0]+"\n"+strings.Repeat("Received Hello\n", 5); got != want {
		t.Errorf("the server wrote %q, want %q", got, want)
	}
}

func TestHelloWorldInterrupted(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	// The request lingers, but not for ever.
	client := start(t, "hwclient", "-endpoint", e[0])
	client.expect(`^Sending Hello 0$`)
	client.interrupt()

	server := start(t, "hwserver", "-endpoint", e[0], "-work", "0s")
	client = start(t, "hwclient", "-endpoint", e[0], "-n", "1")
	client.expect(`^Received World 0$`)
	client.wait()
	server.interrupt()
}

func TestVersion(t *testing.T) {
	t.Parallel()
	version := start(t, "version")
	version.expect(`^libzmq 4\.\d+\.\d+$`)
	got := version.wait()
	for _, c := range []string{"ipc", "pgm", "norm", "curve", "draft"} {
		if !regexp.MustCompile(`(?m)^` + c + ` +(true|false)$`).MatchString(got) {
			t.Errorf("nothing about %s in %q", c, got)
		}
	}
	start(t, "version", "ipc").wait()
	out, err := exec.Command(binary(t, "version"), "ipc", "telepathy").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no telepathy") {
		t.Errorf("a capability that is not there: %v, %q", err, out)
	}
}

func TestWeather(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	server := start(t, "wuserver", "-endpoint", e[0], "-first", "1000", "-places", "9001", "-every", "10ms")
	for _, zip := range []string{"01000", "10000"} {
		client := start(t, "wuclient", "-endpoint", e[0], "-zip", zip, "-n", "4")
		sum := 0
		for range 4 {
			sum += number(t, client.expect(`^` + zip + `: (-?\d+) °C, \d+ %$`)[1])
		}
		want := fmt.Sprintf("%.2f", float64(sum)/4)
		if got := client.expect(`^Average temperature of ` + zip + `: (\S+) °C, of 4 updates$`)[1]; got != want {
			t.Errorf("the average is %s, want %s", got, want)
		}
		if got := client.wait(); strings.Count(got, "\n") != 5 {
			t.Errorf("the client for %s wrote %q", zip, got)
		}
	}
	client := start(t, "wuclient", "-endpoint", e[0], "-zip", "01000", "-n", "0")
	client.expect(`^01000: `)
	client.interrupt()
	client.expect(`^Average temperature of 01000: \S+ °C, of \d+ updates$`)
	server.interrupt()
}

func TestTasks(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 3)
	vent, results, control := e[0], e[1], e[2]
	// The workers first, which have to wait for the others.
	var workers []*process
	for range 2 {
		workers = append(workers, start(t, "taskwork", "-vent", vent, "-sink", results, "-control", control))
	}
	ventilator := start(t, "taskvent", "-endpoint", vent, "-sink", results, "-workers", "2", "-n", "20", "-longest", "5")
	sink := start(t, "tasksink", "-endpoint", results, "-control", control)

	want := ventilator.expect(`^Sent 20 tasks, total expected cost: (\d+) ms$`)[1]
	if got := sink.expect(`^Collected 20 results, total cost: (\d+) ms, in `)[1]; got != want {
		t.Errorf("the results are of %s ms, want %s ms", got, want)
	}
	ventilator.wait()
	sink.wait()
	done := 0
	for _, w := range workers {
		w.expect(`^Killed by the sink$`)
		n := number(t, w.expect(`^Did (\d+) tasks$`)[1])
		if n == 0 {
			t.Error("a worker had nothing to do")
		}
		done += n
		w.wait()
	}
	if done != 20 {
		t.Errorf("the workers did %d tasks, want 20", done)
	}
}

// TestTasksWithoutControl is the first version of the Guide, whose workers run
// until they are stopped.
func TestTasksWithoutControl(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 3)
	sink := start(t, "tasksink", "-endpoint", e[1], "-control", e[2])
	worker := start(t, "taskwork", "-vent", e[0], "-sink", e[1], "-control", "")
	start(t, "taskvent", "-endpoint", e[0], "-sink", e[1], "-n", "3", "-longest", "2").wait()
	sink.expect(`^Collected 3 results, `)
	sink.wait()
	worker.interrupt()
	worker.expect(`^Did 3 tasks$`)
}
