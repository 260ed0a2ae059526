// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newReceive() *cobra.Command {
	var (
		f     socketFlags
		fm    format
		out   = output{format: &fm}
		count int
	)
	cmd := &cobra.Command{
		Use:     "receive ENDPOINT...",
		Aliases: []string{"recv", "pull"},
		Short:   "Receive messages (PULL)",
		Long: `Receive messages (PULL, or as --type says) and write each on a line.

It binds. An endpoint that begins with > is connected instead.`,
		Example: `  zmq4 receive tcp://127.0.0.1:5555
  zmq4 receive 'tcp://*:5555' --count 10 --json
  zmq4 receive --connect tcp://localhost:5555 --timestamp`,
		Args: needEndpoint,
	}
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.IntVarP(&count, "count", "n", 0, "end after `N` messages")
	})
	fm.register(cmd)
	out.register(cmd)
	kind := newChoice(cmd, "socket type", "pull", "dealer", "pair", "router", "stream", "xpub")
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		if err := out.open(); err != nil {
			return err
		}
		soc, err := s.open(types[kind.value], true, args...)
		if err != nil {
			return err
		}
		return out.receive(s, soc, count)
	})
	return cmd
}
