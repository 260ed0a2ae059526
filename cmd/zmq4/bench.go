// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure throughput and latency",
		Long: `Measure throughput and latency, in several rounds: in one process (--role both),
or between two, of which the local one binds and the remote one connects. Both
have to be given the same --count, --rounds, --size, --senders and --receivers.`,
		Example: `  zmq4 bench throughput
  zmq4 bench latency 'tcp://127.0.0.1:*'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newThroughput(), newLatency())
	return cmd
}

// A bench is one measurement. The receivers bind, the senders connect to each of them.
type bench struct {
	socketFlags
	role, kind         *choice
	to                 zmq4.Type // of the receivers
	senders, receivers int
	count, rounds      int
	size               int
	json               bool
}

// register adds the flags, with the default of count. Of kinds the first is the default.
func (b *bench) register(cmd *cobra.Command, count int, kinds ...string) {
	b.role = &choice{"both", []string{"both", "local", "remote"}}
	b.kind = &choice{kinds[0], kinds}
	group(cmd, "Bench", func(p *pflag.FlagSet) {
		p.Var(b.role, "role", "both, local or remote")
		if len(kinds) > 1 {
			p.Var(b.kind, "type", "socket type of the senders: "+strings.Join(kinds, ", "))
		}
		p.IntVar(&b.senders, "senders", 1, "`number` of sockets that send")
		p.IntVar(&b.receivers, "receivers", 1, "`number` of sockets that receive; each needs an endpoint unless that is inproc or has a wildcard")
		p.IntVarP(&b.count, "count", "n", count, "how many `messages` in a round, of all senders")
		p.IntVar(&b.rounds, "rounds", 5, "`number` of rounds")
		p.IntVar(&b.size, "size", 64, "`bytes` in each message")
		p.BoolVarP(&b.json, "json", "j", false, "print JSON")
	})
	cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(b.role.of, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp))
	b.registerSession(cmd)
}

// A side is what one side of a bench does with its sockets.
type side func(s *session, sockets []*zmq4.Socket, endpoint string) error

// run opens the sockets and lets both sides, or one, do what they do.
func (b *bench) run(s *session, args []string, local, remote zmq4.Type, atLocal, atRemote side) error {
	if b.count < 1 || b.rounds < 1 || b.senders < 1 || b.receivers < 1 || b.size < 0 {
		return usagef("--count, --rounds, --senders and --receivers have to be positive, --size not negative")
	}
	list, err := b.endpoints(args)
	if err != nil {
		return err
	}
	b.to = local
	s.oneProcess = b.role.value == "both"
	ends, wait := make(chan error, 2), 0
	if b.role.value != "remote" {
		var sockets []*zmq4.Socket
		for i := range list {
			soc, err := s.open(local, true, list[i])
			if err != nil {
				return err
			}
			if local == zmq4.SUB {
				if err := soc.SetSubscribe(""); err != nil {
					return err
				}
			}
			if list[i], err = soc.GetLastEndpoint(); err != nil {
				return err
			}
			sockets = append(sockets, soc)
		}
		wait++
		go func() { ends <- atLocal(s, sockets, strings.Join(list, ",")) }()
	}
	if b.role.value != "local" {
		if remote == zmq4.XPUB {
			s.options = append([]string{"xpub-verbose=1", "xpub-nodrop=1"}, s.options...)
		}
		var sockets []*zmq4.Socket
		for range b.senders {
			soc, err := s.open(remote, false, list...)
			if err != nil {
				return err
			}
			sockets = append(sockets, soc)
		}
		wait++
		go func() { ends <- atRemote(s, sockets, strings.Join(list, ",")) }()
	}
	for range wait {
		if err := <-ends; err != nil {
			return err
		}
	}
	return nil
}

// endpoints returns that of each receiver.
func (b *bench) endpoints(args []string) ([]string, error) {
	list := []string{"inproc://bench"}
	if len(args) > 0 {
		list = strings.Split(args[0], ",")
	}
	one := list[0]
	switch {
	case len(list) == b.receivers:
	case len(list) == 1 && strings.HasSuffix(one, "*") && b.role.value != "remote":
		for len(list) < b.receivers {
			list = append(list, one)
		}
	case len(list) == 1 && strings.HasPrefix(one, "inproc://"):
		for i := 1; i < b.receivers; i++ {
			list = append(list, fmt.Sprintf("%s-%d", one, i))
		}
	default:
		return nil, usagef("--receivers %d: not as many endpoints, separated by commas", b.receivers)
	}
	return list, nil
}

// share returns how many of n messages the i-th sender sends.
func (b *bench) share(n, i int) int {
	return n*(i+1)/b.senders - n*i/b.senders
}

// together calls a function for each socket at a time, and returns the first error.
func together(sockets []*zmq4.Socket, each func(i int, soc *zmq4.Socket) error) error {
	ends := make(chan error, len(sockets))
	for i, soc := range sockets {
		go func() { ends <- each(i, soc) }()
	}
	for range sockets {
		if err := <-ends; err != nil {
			return err
		}
	}
	return nil
}

// report prints figures as JSON or as text.
func (b *bench) report(test, endpoint, what string, figures []figure) error {
	if b.json {
		all := map[string]any{"test": test, "endpoint": endpoint, "type": b.kind.value, "senders": b.senders,
			"receivers": b.receivers, "count": b.count, "rounds": b.rounds, "size": b.size}
		for _, f := range figures {
			all[f.key] = f.spread()
		}
		return writeJSON(os.Stdout, all)
	}
	fmt.Printf("%d rounds of %d %s of %d bytes, %d %s to %d %s, over %s\n",
		b.rounds, b.count, what, b.size, b.senders, strings.ToUpper(b.kind.value), b.receivers, b.to, endpoint)
	for _, f := range figures {
		if _, err := fmt.Printf("  %-10s  %v\n", f.name, f); err != nil {
			return err
		}
	}
	return nil
}
