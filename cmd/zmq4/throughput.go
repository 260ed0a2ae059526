// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

// benchBatch is how many messages go into one call.
const benchBatch = 256

func newThroughput() *cobra.Command {
	b := &throughput{}
	cmd := &cobra.Command{
		Use:   "throughput [ENDPOINT[,ENDPOINT...]]",
		Short: "Measure how many messages a second get through",
		Long: `Measure how many messages a second get through, from PUSH to PULL or from PUB to
SUB sockets; with --type pub each receiver gets all messages, and all count. The
endpoint is inproc://bench by default.`,
		Example: `  zmq4 bench throughput --type pub --receivers 3
  zmq4 bench throughput 'tcp://127.0.0.1:*' --size 1000 --json

  In two processes:
  zmq4 bench throughput --role local tcp://127.0.0.1:5555
  zmq4 bench throughput --role remote tcp://127.0.0.1:5555`,
		Args: cobra.MaximumNArgs(1),
	}
	b.register(cmd, 200_000, "push", "pub")
	cmd.RunE = b.socketFlags.run(func(s *session, args []string) error {
		local, remote := zmq4.PULL, zmq4.PUSH
		if b.kind.value == "pub" {
			local, remote = zmq4.SUB, zmq4.XPUB // a PUB that tells of subscriptions
		}
		return b.run(s, args, local, remote, b.receive, b.send)
	})
	return cmd
}

// A throughput measures in rounds, which follow each other without a pause.
type throughput struct{ bench }

// A meter takes the time of rounds of messages.
type meter struct {
	round int // messages in each

	mu    sync.Mutex
	n     int
	last  int // n when the last round ended
	since time.Time
	rates []float64 // per second, of each round
	few   bool      // there was a round that is too short
}

// add counts messages, and returns how many rounds are over. Time runs from the first
// messages on.
func (m *meter) add(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n += n
	now := time.Now()
	if m.since.IsZero() {
		m.since, m.last = now, m.n
	}
	for m.n >= (len(m.rates)+1)*m.round {
		m.few = m.few || m.n == m.last
		m.rates = append(m.rates, float64(m.n-m.last)/now.Sub(m.since).Seconds())
		m.since, m.last = now, m.n
	}
	return len(m.rates)
}

func (b *throughput) receive(s *session, sockets []*zmq4.Socket, endpoint string) error {
	m := &meter{round: b.count}
	if b.kind.value == "pub" {
		m.round *= b.receivers
	}
	bar := newProgress(m.round*b.rounds, !s.quiet)
	defer bar.end()
	ctx, over := context.WithCancel(s.ctx)
	defer over()
	err := together(sockets, func(_ int, soc *zmq4.Socket) error {
		var batch zmq4.Batch
		for {
			batch.Reset()
			got, err := soc.RecvBatch(ctx, &batch, benchBatch)
			if err != nil && ctx.Err() != nil && s.ctx.Err() == nil {
				return nil // another one has received the last message
			} else if err != nil {
				return err
			}
			for _, m := range batch.All() {
				if m.Len() != 1 || len(m.Part(0)) != b.size {
					return fmt.Errorf("a message is not one part of %d bytes: is --size the same on both sides?", b.size)
				}
			}
			bar.add(got)
			if m.add(got) >= b.rounds {
				over()
				return nil
			}
		}
	})
	bar.end()
	if err != nil {
		return err
	}
	if m.few {
		return fmt.Errorf("--count %d is too few to measure", b.count)
	}
	bytes := make([]float64, len(m.rates))
	for i, r := range m.rates {
		bytes[i] = r * float64(b.size) / 1e6
	}
	return b.report("throughput", endpoint, "messages", []figure{
		{"messages/s", "messages_per_second", "", 0, m.rates},
		{"MB/s", "megabytes_per_second", "", 1, bytes},
	})
}

func (b *throughput) send(s *session, sockets []*zmq4.Socket, _ string) error {
	s.sent = b.kind.value == "push"
	bar := newProgress(b.count*b.rounds, !s.quiet && b.role.value == "remote")
	defer bar.end()
	err := together(sockets, func(i int, soc *zmq4.Socket) error {
		if b.kind.value == "pub" {
			if err := (&audience{socket: soc}).await(s.ctx, b.receivers); err != nil {
				return err
			}
		}
		var batch zmq4.Batch
		part := make([]byte, b.size)
		for left := b.share(b.count*b.rounds, i); left > 0; {
			if batch.Len() > left {
				batch.Reset()
			}
			for batch.Len() < min(left, benchBatch) {
				batch.Append(part)
			}
			n, err := soc.SendBatch(s.ctx, &batch)
			if err != nil {
				return err
			}
			left -= n
			bar.add(n)
		}
		return nil
	})
	if err != nil || b.role.value != "remote" {
		return err
	}
	// Over ipc, messages that a receiver with a full queue has not read are lost when
	// the sender goes: the other side, which has all when it ends, goes first.
	select {
	case <-s.disconnected:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}
