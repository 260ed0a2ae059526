// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newSubscribe() *cobra.Command {
	var (
		f      socketFlags
		fm     format
		out    = output{format: &fm}
		count  int
		topics []string
	)
	cmd := &cobra.Command{
		Use:     "subscribe ENDPOINT...",
		Aliases: []string{"sub"},
		Short:   "Receive what is published (SUB)",
		Long: `Receive what is published (SUB) and write each message on a line.

It connects. An endpoint that begins with @ is bound instead.`,
		Example: `  zmq4 subscribe tcp://localhost:5556
  zmq4 sub tcp://localhost:5556 -t weather -t news --timestamp
  zmq4 sub tcp://localhost:5556 --format '{{.Time.Unix}} {{join .Parts " | "}}'`,
		Args: needEndpoint,
	}
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.StringArrayVarP(&topics, "topic", "t", []string{""}, "receive messages that begin with `TOPIC`; can be repeated (default all)")
		p.IntVarP(&count, "count", "n", 0, "end after `N` messages")
	})
	fm.register(cmd)
	out.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		if err := out.open(); err != nil {
			return err
		}
		soc, err := s.open(zmq4.SUB, false, args...)
		if err != nil {
			return err
		}
		for _, t := range topics {
			if err := soc.SetSubscribe(t); err != nil {
				return err
			}
		}
		return out.receive(s, soc, count)
	})
	return cmd
}
