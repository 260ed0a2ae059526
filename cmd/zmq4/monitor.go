// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// eventNames are those of the events that --event takes.
var eventNames = func() map[string]zmq4.Event {
	names := map[string]zmq4.Event{}
	for bit := zmq4.Event(1); bit <= zmq4.EVENT_ALL; bit <<= 1 {
		name := strings.ToLower(strings.TrimPrefix(bit.String(), "EVENT_"))
		if !strings.HasPrefix(name, "0x") {
			names[name] = bit
		}
	}
	return names
}()

// jsonEvent is an event in JSON.
type jsonEvent struct {
	Time     time.Time `json:"time"`
	Event    string    `json:"event"`
	Endpoint string    `json:"endpoint,omitempty"`
	Peer     string    `json:"peer,omitempty"`
	FD       *int      `json:"fd,omitempty"`
	Error    string    `json:"error,omitempty"`
	RetryIn  float64   `json:"retry_in,omitempty"` // seconds
	Status   int       `json:"zap_status,omitempty"`
	Protocol string    `json:"protocol_error,omitempty"`
}

func newMonitor() *cobra.Command {
	var (
		f      socketFlags
		count  int
		events []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "monitor ENDPOINT...",
		Short: "Print what happens to the connections of a socket",
		Long: `Print what happens to the connections of a socket: an event on each line, with
the time, and the address of a peer that was accepted. An event that repeats is
printed once, and later how often it came again; with --json all are printed.

It connects. An endpoint that begins with @ is bound instead.`,
		Example: `  zmq4 monitor tcp://localhost:5555
  zmq4 monitor @tcp://127.0.0.1:5555 --event accepted,disconnected
  zmq4 monitor tcp://localhost:5555 --json

  Is there a peer that lets this socket in?
  zmq4 monitor tcp://localhost:5555 --event handshake_succeeded -n 1`,
		Args: needEndpoint,
	}
	group(cmd, "Events", func(p *pflag.FlagSet) {
		p.StringSliceVar(&events, "event", nil, "print only these `events`, such as connected,disconnected")
		p.IntVarP(&count, "count", "n", 0, "end after `N` events")
		p.BoolVarP(&asJSON, "json", "j", false, "print JSON")
	})
	kind := newChoice(cmd, "socket type", "dealer", "req", "rep", "router", "pub", "sub", "xpub", "xsub", "push", "pull", "pair", "stream")
	f.register(cmd)
	cmd.RegisterFlagCompletionFunc("event", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return slices.Sorted(maps.Keys(eventNames)), cobra.ShellCompDirectiveNoFileComp
	})
	cmd.RunE = f.run(func(s *session, args []string) error {
		if count < 0 {
			return usagef("--count cannot be negative")
		}
		mask, err := eventMask(events)
		if err != nil {
			return err
		}
		done, end := s.print(mask, count, asJSON)
		defer end()
		if _, err := s.open(types[kind.value], false, args...); err != nil {
			return err
		}
		select {
		case err := <-done:
			return err
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	})
	return cmd
}

// print makes the session print events of its sockets. The channel says when there were
// count of them, if that is not 0, or that one could not be printed. The function
// prints what was held back.
func (s *session) print(mask zmq4.Event, count int, asJSON bool) (<-chan error, func()) {
	n, done := 0, make(chan error, 1)
	failed := func(err error) {
		if err != nil {
			tell(done, err)
		}
	}
	lines := &fold{print: func(line string) {
		_, err := fmt.Println(line)
		failed(err)
	}}
	s.show = func(ev zmq4.SocketEvent) {
		if ev.Event&mask == 0 || count > 0 && n == count {
			return
		}
		if asJSON {
			failed(writeJSON(os.Stdout, newJSONEvent(ev)))
		} else {
			lines.add(eventKey(ev), eventLine(ev))
		}
		if n++; n == count {
			tell(done, nil)
		}
	}
	return done, lines.end
}

// eventMask returns the events with these names, or all if there are no names.
func eventMask(names []string) (mask zmq4.Event, err error) {
	for _, name := range names {
		bit, ok := eventNames[strings.ToLower(name)]
		if !ok {
			return 0, usagef("--event %s: no event of that name", name)
		}
		mask |= bit
	}
	if mask == 0 {
		mask = zmq4.EVENT_ALL
	}
	return mask, nil
}

func newJSONEvent(ev zmq4.SocketEvent) jsonEvent {
	j := jsonEvent{
		Event:    strings.ToLower(strings.TrimPrefix(ev.Event.String(), "EVENT_")),
		Time:     time.Now(),
		Endpoint: ev.Endpoint,
		RetryIn:  float64(ev.RetryIn) / float64(time.Second),
		Status:   ev.ZAPStatus,
	}
	if ev.Remote != ev.Endpoint {
		j.Peer = ev.Remote
	}
	if ev.FD >= 0 {
		j.FD = &ev.FD
	}
	if ev.Err != nil {
		j.Error = ev.Err.Error()
	}
	if ev.ProtocolError != 0 {
		j.Protocol = ev.ProtocolError.String()
	}
	return j
}
