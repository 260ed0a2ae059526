// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

func newLatency() *cobra.Command {
	b := &latency{}
	cmd := &cobra.Command{
		Use:   "latency [ENDPOINT[,ENDPOINT...]]",
		Short: "Measure how long a request and its reply take (REQ to REP)",
		Long: `Measure how long a request and its reply take, from REQ to REP sockets. Each
sender has one request on its way at a time. The endpoint is inproc://bench by
default.`,
		Example: `  zmq4 bench latency
  zmq4 bench latency --senders 10 --receivers 2 'tcp://127.0.0.1:*' --json

  In two processes:
  zmq4 bench latency --role local tcp://127.0.0.1:5555
  zmq4 bench latency --role remote tcp://127.0.0.1:5555`,
		Args: cobra.MaximumNArgs(1),
	}
	b.register(cmd, 2000, "req")
	cmd.RunE = b.socketFlags.run(func(s *session, args []string) error {
		return b.run(s, args, zmq4.REP, zmq4.REQ, b.reply, b.request)
	})
	return cmd
}

// A latency measures in rounds, before which each sender makes a round trip to each
// receiver that does not count: with these the connections are made.
type latency struct{ bench }

func (b *latency) reply(s *session, sockets []*zmq4.Socket, _ string) error {
	var left atomic.Int64
	left.Store(int64(b.count*b.rounds + b.senders*b.receivers))
	ctx, over := context.WithCancel(s.ctx)
	defer over()
	return together(sockets, func(_ int, soc *zmq4.Socket) error {
		for {
			msg, err := soc.RecvBytesContext(ctx, 0)
			if err != nil && ctx.Err() != nil && s.ctx.Err() == nil {
				return nil // another one has sent the last reply
			} else if err != nil {
				return err
			}
			if _, err = soc.SendBytesContext(s.ctx, msg, 0); err != nil {
				return err
			}
			if left.Add(-1) == 0 {
				over()
				return nil
			}
		}
	})
}

func (b *latency) request(s *session, sockets []*zmq4.Socket, endpoint string) error {
	bar := newProgress(b.count*b.rounds, !s.quiet)
	defer bar.end()
	part := make([]byte, b.size)
	err := together(sockets, func(_ int, soc *zmq4.Socket) error {
		for range b.receivers {
			if _, err := b.trip(s, soc, part); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	figures := []figure{
		{"requests/s", "requests_per_second", "", 0, nil},
		{"mean", "mean_us", " us", 1, nil},
		{"50%", "p50_us", " us", 1, nil},
		{"90%", "p90_us", " us", 1, nil},
		{"99%", "p99_us", " us", 1, nil},
		{"99.9%", "p999_us", " us", 1, nil},
		{"longest", "max_us", " us", 1, nil},
	}
	for range b.rounds {
		trips := make([][]float64, b.senders)
		began := time.Now()
		err := together(sockets, func(i int, soc *zmq4.Socket) error {
			for range b.share(b.count, i) {
				took, err := b.trip(s, soc, part)
				if err != nil {
					return err
				}
				trips[i] = append(trips[i], float64(took)/1e3)
				bar.add(1)
			}
			return nil
		})
		if err != nil {
			return err
		}
		seconds := time.Since(began).Seconds()
		all := slices.Sorted(slices.Values(slices.Concat(trips...)))
		sum := 0.0
		for _, t := range all {
			sum += t
		}
		for i, v := range []float64{float64(b.count) / seconds, sum / float64(b.count), percentile(all, 0.5),
			percentile(all, 0.9), percentile(all, 0.99), percentile(all, 0.999), all[len(all)-1]} {
			figures[i].values = append(figures[i].values, v)
		}
	}
	bar.end()
	return b.report("latency", endpoint, "round trips", figures)
}

// trip makes one request and waits for its reply.
func (b *latency) trip(s *session, soc *zmq4.Socket, part []byte) (time.Duration, error) {
	began := time.Now()
	if _, err := soc.SendBytesContext(s.ctx, part, 0); err != nil {
		return 0, err
	}
	reply, err := soc.RecvBytesContext(s.ctx, 0)
	if err == nil && len(reply) != b.size {
		err = fmt.Errorf("a reply has %d bytes, not %d", len(reply), b.size)
	}
	return time.Since(began), err
}
