// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// catchUp is how far a sender that was held up may fall behind its schedule and
// still catch up, by sending faster than --rate.
const catchUp = 100 * time.Millisecond

// An input is where the messages to send come from: arguments, --size, or
// standard input.
type input struct {
	*format

	count    int
	size     int
	rate     float64
	interval time.Duration
	topic    string // a first part before all others
	replies  bool   // standard output gets the replies
	flags    interface{ Changed(string) bool }
}

func (in *input) register(cmd *cobra.Command) {
	in.flags = cmd.Flags()
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.IntVarP(&in.count, "count", "n", 0, "send `N` messages; with PARTs or --size the default is 1, and 0 has no end")
		p.IntVar(&in.size, "size", 0, "send a part of this many `bytes`")
		p.Float64VarP(&in.rate, "rate", "r", 0, "send at most this many `messages` per second")
		p.DurationVarP(&in.interval, "interval", "i", 0, "`time` between two messages")
	})
	cmd.MarkFlagsMutuallyExclusive("rate", "interval")
}

// each calls send with each message, in its time.
func (in *input) each(s *session, args []string, send func(msg [][]byte) error) error {
	if in.rate < 0 || in.interval < 0 || in.count < 0 || in.size < 0 {
		return usagef("--rate, --interval, --count and --size cannot be negative")
	}
	if _, err := in.between(); err != nil {
		return err
	}
	pause := in.interval
	if in.rate > 0 {
		pause = time.Duration(float64(time.Second) / in.rate)
	}
	next, fixed, err := in.source(s.ctx, args)
	if err != nil {
		return err
	}
	count := in.count
	if fixed && !in.flags.Changed("count") {
		count = 1
	}
	typed := !fixed && isTerminal(os.Stdin)
	printed := in.replies && isTerminal(os.Stdout)
	bar := newProgress(count, !s.quiet && !typed && !printed)
	defer bar.end()

	due := time.Now()
	for n := 0; count == 0 || n < count; n++ {
		msg, err := next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if pause > 0 {
			if late := time.Now().Add(-catchUp); due.Before(late) {
				due = late
			}
			if err := sleep(s.ctx, time.Until(due)); err != nil {
				return err
			}
			due = due.Add(pause)
		}
		if err := send(msg); err != nil {
			return err
		}
		bar.add(1)
	}
	return nil
}

// source returns a function that returns the messages, and whether it is the
// same one each time.
func (in *input) source(ctx context.Context, args []string) (next func() ([][]byte, error), fixed bool, err error) {
	var first [][]byte
	if in.flags.Changed("topic") {
		first = [][]byte{[]byte(in.topic)}
	}
	switch sized := in.flags.Changed("size"); {
	case sized && len(args) > 0:
		return nil, false, usagef("PART and --size: not both")
	case sized:
		first = append(first, bytes.Repeat([]byte{'.'}, in.size))
	case len(args) == 0:
		return in.stdin(ctx, first), false, nil
	}
	for _, a := range args {
		p, err := in.argument(a)
		if err != nil {
			return nil, false, err
		}
		first = append(first, p)
	}
	return func() ([][]byte, error) { return first, nil }, true, nil
}

// argument returns the part that an argument stands for.
func (in *input) argument(a string) ([]byte, error) {
	switch {
	case strings.HasPrefix(a, "@@"):
		return []byte(a[1:]), nil
	case strings.HasPrefix(a, "@"):
		return os.ReadFile(a[1:])
	case in.hex:
		b, err := parseHex([]byte(a))
		if err != nil {
			return nil, usageError{err}
		}
		return b, nil
	}
	return []byte(a), nil
}

// stdin reads messages from standard input, until ctx is done: a read cannot be
// interrupted.
func (in *input) stdin(ctx context.Context, first [][]byte) func() ([][]byte, error) {
	type result struct {
		msg [][]byte
		err error
	}
	results := make(chan result, 100)
	read := in.reader(os.Stdin)
	go func() {
		for n := 1; ; n++ {
			msg, err := read()
			if err != nil && err != io.EOF {
				err = fmt.Errorf("message %d of standard input: %w", n, err)
			}
			results <- result{msg, err}
			if err != nil {
				return
			}
		}
	}()
	return func() ([][]byte, error) {
		select {
		case r := <-results:
			return append(first[:len(first):len(first)], r.msg...), r.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
