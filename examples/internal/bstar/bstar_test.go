// SPDX-License-Identifier: BSD-2-Clause

package bstar

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
)

const patience = 60 * time.Second

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func TestHear(t *testing.T) {
	tests := []struct {
		state, peer, want State
		err               error
	}{
		{StatePrimary, StatePrimary, StatePrimary, nil},
		{StatePrimary, StateBackup, StateActive, nil},
		{StatePrimary, StateActive, StatePassive, nil},
		{StatePrimary, StatePassive, StatePrimary, nil},
		{StateBackup, StatePrimary, StateBackup, nil},
		{StateBackup, StateBackup, StateBackup, nil},
		{StateBackup, StateActive, StatePassive, nil},
		{StateBackup, StatePassive, StateBackup, nil},
		{StateActive, StatePrimary, StateActive, nil},
		{StateActive, StateBackup, StateActive, nil},
		{StateActive, StateActive, StateActive, ErrBothActive},
		{StateActive, StatePassive, StateActive, nil},
		{StatePassive, StatePrimary, StateActive, nil},
		{StatePassive, StateBackup, StateActive, nil},
		{StatePassive, StateActive, StatePassive, nil},
		{StatePassive, StatePassive, StatePassive, ErrBothPassive},
	}
	for _, test := range tests {
		if got, err := test.state.hear(test.peer); got != test.want || err != test.err {
			t.Errorf("%v hears %v: got %v, %v, want %v, %v", test.state, test.peer, got, err, test.want, test.err)
		}
	}
}

func TestRequest(t *testing.T) {
	tests := []struct {
		state State
		dead  bool
		want  State
		ok    bool
	}{
		{StatePrimary, false, StatePrimary, false},
		{StatePrimary, true, StateActive, true},
		{StateBackup, false, StateBackup, false},
		{StateBackup, true, StateBackup, false},
		{StateActive, false, StateActive, true},
		{StateActive, true, StateActive, true},
		{StatePassive, false, StatePassive, false},
		{StatePassive, true, StateActive, true},
	}
	for _, test := range tests {
		if got, ok := test.state.request(test.dead); got != test.want || ok != test.ok {
			t.Errorf("%v, dead %v: got %v, %v, want %v, %v", test.state, test.dead, got, ok, test.want, test.ok)
		}
	}
}

// running is a Star that runs.
type running struct {
	*Star
	t       *testing.T
	changes chan State // what the callbacks say
	end     context.CancelFunc
	failed  chan error
}

func run(t *testing.T, config Config) *running {
	t.Helper()
	r := &running{t: t, changes: make(chan State, 10), failed: make(chan error, 1)}
	config.OnActive = func() error { r.changes <- StateActive; return nil }
	config.OnPassive = func() error { r.changes <- StatePassive; return nil }
	r.Star = New(config)
	var ctx context.Context
	ctx, r.end = context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.failed <- r.Run(ctx)
	}()
	t.Cleanup(func() {
		r.end()
		<-ended
	})
	return r
}

func (r *running) becomes(want State) {
	r.t.Helper()
	select {
	case got := <-r.changes:
		if got != want || r.State() != want {
			r.t.Fatalf("it becomes %v and is %v, want %v", got, r.State(), want)
		}
	case err := <-r.failed:
		r.t.Fatalf("Run: %v, want state %v", err, want)
	case <-time.After(patience):
		r.t.Fatalf("it does not become %v", want)
	}
}

func (r *running) ends(want error) {
	r.t.Helper()
	select {
	case err := <-r.failed:
		if !errors.Is(err, want) {
			r.t.Fatalf("Run: %v, want %v", err, want)
		}
	case <-time.After(patience):
		r.t.Fatal("Run does not end")
	}
	if r.Vote() {
		r.t.Fatal("Vote after Run")
	}
}

// pair returns the configurations of two servers.
func pair(t *testing.T) (primary, backup Config) {
	dir, err := os.MkdirTemp("", "ipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	primary = Config{Primary: true, Local: "ipc://" + dir + "/p", Remote: "ipc://" + dir + "/b", Heartbeat: 100 * time.Millisecond}
	backup = Config{Local: primary.Remote, Remote: primary.Local, Heartbeat: primary.Heartbeat}
	return primary, backup
}

func TestFailoverAndBack(t *testing.T) {
	primaryConfig, backupConfig := pair(t)
	primary, backup := run(t, primaryConfig), run(t, backupConfig)
	primary.becomes(StateActive)
	backup.becomes(StatePassive)
	if !primary.Vote() {
		t.Fatal("the primary does not serve")
	}

	primary.end()
	primary.ends(nil)
	vote(t, backup)
	backup.becomes(StateActive)

	// The primary is passive when it comes back, until the backup ends.
	primary = run(t, primaryConfig)
	primary.becomes(StatePassive)
	backup.end()
	backup.ends(nil)
	vote(t, primary)
	primary.becomes(StateActive)

	// A backup that starts again leaves it so.
	backup = run(t, backupConfig)
	backup.becomes(StatePassive)
}

// Two servers that start together agree before the first heartbeat.
func TestStartTogether(t *testing.T) {
	for _, test := range []struct {
		name        string
		backupFirst bool
	}{{"primary first", false}, {"backup first", true}} {
		t.Run(test.name, func(t *testing.T) {
			primaryConfig, backupConfig := pair(t)
			primaryConfig.Heartbeat, backupConfig.Heartbeat = time.Hour, time.Hour
			var primary, backup *running
			if test.backupFirst {
				backup, primary = run(t, backupConfig), run(t, primaryConfig)
			} else {
				primary, backup = run(t, primaryConfig), run(t, backupConfig)
			}
			primary.becomes(StateActive)
			backup.becomes(StatePassive)
			if !primary.Vote() || backup.Vote() {
				t.Error("not the primary alone serves")
			}
		})
	}
}

// vote asks until the answer is yes, as clients do.
func vote(t *testing.T, r *running) {
	t.Helper()
	for end := time.Now().Add(patience); !r.Vote(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not serve")
		}
	}
}

// A client alone does not make the backup serve while it hears the primary,
// and silence alone does not either.
func TestBackupAlone(t *testing.T) {
	_, config := pair(t)
	config.Heartbeat = time.Millisecond
	backup := run(t, config)
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
		if backup.Vote() {
			t.Fatal("a backup that never heard its primary serves")
		}
	}
}

func TestPrimaryAlone(t *testing.T) {
	config, _ := pair(t)
	primary := run(t, config)
	vote(t, primary)
	primary.becomes(StateActive)
}

// speak is a peer that says again and again what state it is in.
func speak(t *testing.T, endpoint string, state State) {
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Bind(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if _, err := pub.Send(strconv.Itoa(int(state)), 0); err != nil {
				t.Error(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		pub.Close()
	})
}

func TestSplitBrain(t *testing.T) {
	config, _ := pair(t)
	primary := run(t, config)
	vote(t, primary)
	primary.becomes(StateActive)
	speak(t, config.Remote, StateActive)
	primary.ends(ErrBothActive)
}

func TestBothPassive(t *testing.T) {
	_, config := pair(t)
	backup := New(config)
	backup.state = StatePassive
	speak(t, config.Remote, StatePassive)
	if err := backup.Run(t.Context()); !errors.Is(err, ErrBothPassive) {
		t.Fatalf("got %v", err)
	}
}

func TestParse(t *testing.T) {
	for state := StatePrimary; state <= StatePassive; state++ {
		if got, ok := parse([][]byte{[]byte(strconv.Itoa(int(state)))}); got != state || !ok {
			t.Errorf("got %v, %v, want %v", got, ok, state)
		}
	}
	for _, nonsense := range [][][]byte{nil, {nil}, {[]byte("0")}, {[]byte("5")}, {[]byte("-3")}, {[]byte("active")},
		{[]byte("99999999999999999999")}, {[]byte("3"), []byte("3")}} {
		if got, ok := parse(nonsense); ok {
			t.Errorf("%q is taken for %v", nonsense, got)
		}
	}
}

func TestCallbackFails(t *testing.T) {
	broken := errors.New("broken")
	config, _ := pair(t)
	config.OnActive = func() error { return broken }
	primary := New(config)
	failed := make(chan error, 1)
	go func() { failed <- primary.Run(t.Context()) }()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if primary.Vote() {
			t.Fatal("it serves although it could not become active")
		}
		select {
		case err := <-failed:
			if !errors.Is(err, broken) {
				t.Fatalf("got %v", err)
			}
			return
		default:
		}
		if time.Now().After(end) {
			t.Fatal("Run does not end")
		}
	}
}

func TestBadEndpoint(t *testing.T) {
	if err := New(Config{Local: "nonsense"}).Run(t.Context()); err == nil {
		t.Fatal("no error")
	}
}
