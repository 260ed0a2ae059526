// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

// benchBatch is how many messages go into one call.
const benchBatch = 256

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure throughput and latency",
		Long: `Measure throughput and latency: in one process (--role both), or between two,
of which the local one binds and the remote one connects. Both have to be given
the same --count and --size.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchThroughput(), newBenchLatency())
	return cmd
}

// A bench is one measurement.
type bench struct {
	socketFlags
	role        *choice
	count, size int
	json        bool
}

// newBenchCommand makes a command of what the two sides do. One of them prints
// what was measured.
func newBenchCommand(use, short string, count int, local, remote zmq4.Type,
	atLocal, atRemote func(b *bench, s *session, soc *zmq4.Socket, endpoint string) error) *cobra.Command {
	b := &bench{}
	cmd := &cobra.Command{
		Use:   use + " [ENDPOINT]",
		Short: short,
		Long:  short + ". The endpoint is inproc://bench by default.",
		Args:  cobra.MaximumNArgs(1),
	}
	b.role = &choice{"both", []string{"both", "local", "remote"}}
	p := cmd.Flags()
	p.Var(b.role, "role", "both, local or remote")
	cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(b.role.of, cobra.ShellCompDirectiveNoFileComp))
	p.IntVarP(&b.count, "count", "n", count, "how many `messages`")
	p.IntVar(&b.size, "size", 64, "`bytes` in each")
	p.BoolVarP(&b.json, "json", "j", false, "print JSON")
	b.registerSession(cmd)
	cmd.RunE = b.run(func(s *session, args []string) error {
		if b.count < 1 || b.size < 0 {
			return usagef("--count has to be positive, --size not negative")
		}
		endpoint := "inproc://bench"
		if len(args) > 0 {
			endpoint = args[0]
		}
		ends := make(chan error, 2)
		wait := 0
		if b.role.value != "remote" {
			soc, err := s.open(local, true, endpoint)
			if err != nil {
				return err
			}
			if b.role.value == "both" {
				if endpoint, err = soc.GetLastEndpoint(); err != nil {
					return err
				}
			}
			wait++
			go func() { ends <- atLocal(b, s, soc, endpoint) }()
		}
		if b.role.value != "local" {
			soc, err := s.open(remote, false, endpoint)
			if err != nil {
				return err
			}
			wait++
			go func() { ends <- atRemote(b, s, soc, endpoint) }()
		}
		for range wait {
			if err := <-ends; err != nil {
				return err
			}
		}
		return nil
	})
	return cmd
}

func newBenchThroughput() *cobra.Command {
	return newBenchCommand("throughput", "Measure how many messages a second get through (PUSH to PULL)",
		1_000_000, zmq4.PULL, zmq4.PUSH, (*bench).countMessages, (*bench).pushMessages)
}

// countMessages measures from when the first messages have come.
func (b *bench) countMessages(s *session, soc *zmq4.Socket, endpoint string) error {
	var batch zmq4.Batch
	var began time.Time
	var before int
	for n := 0; n < b.count; {
		batch.Reset()
		got, err := soc.RecvBatch(s.ctx, &batch, min(benchBatch, b.count-n))
		if err != nil {
			return err
		}
		for _, m := range batch.All() {
			if m.Len() != 1 || len(m.Part(0)) != b.size {
				return fmt.Errorf("a message is not one part of %d bytes: is --size the same on both sides?", b.size)
			}
		}
		n += got
		if began.IsZero() {
			began, before = time.Now(), n
		}
	}
	seconds := time.Since(began).Seconds()
	if b.count == before {
		return fmt.Errorf("--count %d is too few to measure", b.count)
	}
	perSecond := float64(b.count-before) / seconds
	return b.report(struct {
		Test      string  `json:"test"`
		Endpoint  string  `json:"endpoint"`
		Size      int     `json:"size"`
		Count     int     `json:"count"`
		PerSecond float64 `json:"messages_per_second"`
		Megabytes float64 `json:"megabytes_per_second"`
	}{"throughput", endpoint, b.size, b.count, perSecond, perSecond * float64(b.size) / 1e6},
		"%d messages of %d bytes over %s: %.0f messages/s, %.1f MB/s\n",
		b.count, b.size, endpoint, perSecond, perSecond*float64(b.size)/1e6)
}

func (b *bench) pushMessages(s *session, soc *zmq4.Socket, _ string) error {
	s.sent = true
	var batch zmq4.Batch
	part := make([]byte, b.size)
	for range benchBatch {
		batch.Append(part)
	}
	for n := 0; n < b.count; n += benchBatch {
		if left := b.count - n; left < benchBatch {
			batch.Reset()
			for range left {
				batch.Append(part)
			}
		}
		if _, err := soc.SendBatch(s.ctx, &batch); err != nil {
			return err
		}
	}
	if b.role.value == "remote" {
		// By ipc, what a receiver with a full queue has not read is lost when the
		// sender goes: the other side, which has all when it ends, goes first.
		select {
		case <-s.disconnected:
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	return nil
}

func newBenchLatency() *cobra.Command {
	return newBenchCommand("latency", "Measure how long a request and its reply take (REQ to REP)",
		10_000, zmq4.REP, zmq4.REQ, (*bench).echo, (*bench).measureTrips)
}

func (b *bench) echo(s *session, soc *zmq4.Socket, _ string) error {
	for range b.count + 1 {
		msg, err := soc.RecvBytesContext(s.ctx, 0)
		if err != nil {
			return err
		}
		if _, err = soc.SendBytesContext(s.ctx, msg, 0); err != nil {
			return err
		}
	}
	return nil
}

// measureTrips makes one round trip that does not count: with it the connection
// is made.
func (b *bench) measureTrips(s *session, soc *zmq4.Socket, endpoint string) error {
	part := make([]byte, b.size)
	trips := make([]float64, 0, b.count) // microseconds
	for n := range b.count + 1 {
		began := time.Now()
		if _, err := soc.SendBytesContext(s.ctx, part, 0); err != nil {
			return err
		}
		reply, err := soc.RecvBytesContext(s.ctx, 0)
		if err != nil {
			return err
		}
		if len(reply) != b.size {
			return fmt.Errorf("a reply has %d bytes, not %d", len(reply), b.size)
		}
		if n > 0 {
			trips = append(trips, float64(time.Since(began))/1e3)
		}
	}
	sum := 0.0
	for _, t := range trips {
		sum += t
	}
	slices.Sort(trips)
	mean, median, p99, longest := sum/float64(b.count), trips[b.count/2], trips[b.count*99/100], trips[b.count-1]
	return b.report(struct {
		Test     string  `json:"test"`
		Endpoint string  `json:"endpoint"`
		Size     int     `json:"size"`
		Count    int     `json:"count"`
		Mean     float64 `json:"mean_us"`
		Median   float64 `json:"median_us"`
		P99      float64 `json:"p99_us"`
		Longest  float64 `json:"max_us"`
	}{"latency", endpoint, b.size, b.count, mean, median, p99, longest},
		"%d round trips of %d bytes over %s: mean %.1f us, median %.1f, 99%% %.1f, longest %.1f\n",
		b.count, b.size, endpoint, mean, median, p99, longest)
}

// report prints a result as JSON or as text.
func (b *bench) report(result any, text string, args ...any) error {
	if !b.json {
		_, err := fmt.Printf(text, args...)
		return err
	}
	line, err := appendJSON(nil, result)
	if err == nil {
		_, err = os.Stdout.Write(line)
	}
	return err
}
