// SPDX-License-Identifier: BSD-2-Clause

package monitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

// running holds the Monitors that run, by their sockets: the map of a Handler to peers.
var running sync.Map // zmq4.Socket to *Monitor

// Handler returns a web page of the open sockets of the default context and
// of those given: endpoints, options, counters, rates, peers, and who waits.
// To serve it under /debug/zmq4:
//
//	http.Handle("/debug/zmq4", monitor.Handler(zctx))
//
// Like the pages of package net/http/pprof, it is for those who run the
// program: serve it on a port that others cannot reach. It shows addresses
// and identities, but no keys and no passwords. It costs nothing while nobody
// asks for it. It takes these parameters:
//
//   - format=json returns the same as JSON, see [Report],
//   - q=text shows only the sockets whose type, endpoint, identity or origin
//     contains the text,
//   - sort=column sorts by a column of the page, such as received or waiting,
//   - seconds=5 measures the rates for that many seconds, at most 60. By default
//     the rates are those of the socket's whole life.
//
// Peers are shown for sockets that have a [Monitor], and the place where a
// socket was made if [zmq4.RecordOrigins] was set.
func Handler(contexts ...*zmq4.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		v := newView(r)
		seconds, err := strconv.Atoi(cmp.Or(v.Seconds, "0"))
		if err != nil || seconds < 0 || seconds > maxSeconds {
			http.Error(w, fmt.Sprintf("seconds is not a number from 0 to %d", maxSeconds), http.StatusBadRequest)
			return
		}
		if !v.sortable() {
			http.Error(w, "there is no such column to sort by", http.StatusBadRequest)
			return
		}
		before := newReport(contexts)
		report := before
		if seconds > 0 {
			select {
			case <-time.After(time.Duration(seconds) * time.Second):
			case <-r.Context().Done():
				return
			}
			report = newReport(contexts)
			report.since(before)
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		types := report.types()
		report.filter(v.Query)
		v.sort(report.Sockets)
		if v.JSON {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(report)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		v.write(w, report, types)
	})
}

// maxSeconds is how long rates are measured at most.
const maxSeconds = 60

// A Report is the JSON form of the page of [Handler].
type Report struct {
	Version  string    // of libzmq
	Time     time.Time // when the report was made
	Contexts []ContextReport
	Sockets  []SocketReport
}

// A ContextReport describes one context.
type ContextReport struct {
	Name       string // "default", or "1" for the first that Handler was given
	Sockets    int    // open sockets, without those of the package itself
	MaxSockets int    // 0 if it is terminated
	IOThreads  int
	Terminated bool // Term was called; it may still wait for sockets
}

// A SocketReport describes one open socket.
type SocketReport struct {
	ID        uint64 // tells the sockets of the process apart
	Context   string
	Type      string
	Bound     []string          `json:",omitempty"`
	Connected []string          `json:",omitempty"`
	Options   map[string]string `json:",omitempty"`
	Created   time.Time

	zmq4.SocketStats

	// Rates are averages over Seconds: the time of seconds=5, or by default the time
	// since the socket was created.
	Rates   Rates
	Seconds float64

	Receiving, Sending, Polling int // goroutines that wait now

	// Peers, Connections and Failures are those of [Stats]. They are nil without a [Monitor].
	Peers       *int    `json:",omitempty"`
	Connections *uint64 `json:",omitempty"`
	Failures    *uint64 `json:",omitempty"`

	Origin []string `json:",omitempty"` // where it was made: functions with file and line
}

// Rates are messages and bytes per second.
type Rates struct {
	MessagesReceived, BytesReceived, MessagesSent, BytesSent float64
}

func newReport(contexts []*zmq4.Context) *Report {
	major, minor, patch := zmq4.Version()
	r := &Report{Version: fmt.Sprintf("%d.%d.%d", major, minor, patch), Time: time.Now(), Sockets: []SocketReport{}}
	r.add("default", zmq4.Sockets(), zmq4.GetMaxSockets, zmq4.GetIoThreads)
	for i, ctx := range contexts {
		r.add(strconv.Itoa(i+1), ctx.Sockets(), ctx.GetMaxSockets, ctx.GetIoThreads)
	}
	return r
}

// add adds a context with its sockets.
func (r *Report) add(name string, sockets []zmq4.SocketInfo, maxSockets, ioThreads func() (int, error)) {
	c := ContextReport{Name: name, Sockets: len(sockets)}
	var err error
	c.MaxSockets, err = maxSockets()
	c.Terminated = err != nil
	c.IOThreads, _ = ioThreads()
	r.Contexts = append(r.Contexts, c)
	for _, info := range sockets {
		s := SocketReport{
			ID: info.ID, Context: name, Type: info.Type.String(), Created: info.Created,
			Bound: info.Bound, Connected: info.Connected, Options: info.Options, SocketStats: info.Stats,
			Receiving: info.Receiving, Sending: info.Sending, Polling: info.Polling,
		}
		s.rate(zmq4.SocketStats{}, r.Time.Sub(info.Created))
		if m, ok := running.Load(*info.Socket); ok {
			stats := m.(*Monitor).Stats()
			s.Peers, s.Connections, s.Failures = &stats.Peers, &stats.Connections, &stats.Failures
		}
		for _, f := range info.Origin {
			s.Origin = append(s.Origin, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
		}
		r.Sockets = append(r.Sockets, s)
	}
}

// rate computes the rates since an earlier state.
func (s *SocketReport) rate(before zmq4.SocketStats, d time.Duration) {
	s.Seconds = max(d, time.Microsecond).Seconds()
	per := func(now, before uint64) float64 { return float64(now-before) / s.Seconds }
	s.Rates = Rates{
		per(s.MessagesReceived, before.MessagesReceived), per(s.BytesReceived, before.BytesReceived),
		per(s.MessagesSent, before.MessagesSent), per(s.BytesSent, before.BytesSent),
	}
}

// since computes the rates of sockets that an earlier report has.
func (r *Report) since(earlier *Report) {
	stats := make(map[uint64]zmq4.SocketStats)
	for _, s := range earlier.Sockets {
		stats[s.ID] = s.SocketStats
	}
	for i := range r.Sockets {
		if before, ok := stats[r.Sockets[i].ID]; ok {
			r.Sockets[i].rate(before, r.Time.Sub(earlier.Time))
		}
	}
}

// types counts the sockets of each type.
func (r *Report) types() []typeCount {
	counts := make(map[string]int)
	for _, s := range r.Sockets {
		counts[s.Type]++
	}
	var list []typeCount
	for name, n := range counts {
		list = append(list, typeCount{name, n})
	}
	slices.SortFunc(list, func(a, b typeCount) int { return cmp.Or(b.N-a.N, strings.Compare(a.Type, b.Type)) })
	return list
}

type typeCount struct {
	Type string
	N    int
}

// filter keeps the sockets that have a text in one of the fields to be searched.
func (r *Report) filter(text string) {
	if text == "" {
		return
	}
	text = strings.ToLower(text)
	r.Sockets = slices.DeleteFunc(r.Sockets, func(s SocketReport) bool {
		fields := slices.Concat([]string{s.Type, s.Options["identity"]}, s.Bound, s.Connected, s.Origin)
		return !slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), text) })
	})
}
