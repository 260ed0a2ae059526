// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

func newSubscribe() *cobra.Command {
	var (
		f      socketFlags
		fm     format
		count  int
		topics []string
	)
	cmd := &cobra.Command{
		Use:     "subscribe ENDPOINT...",
		Aliases: []string{"sub"},
		Short:   "Receive what is published (SUB)",
		Long: `Receive what is published (SUB) and write each message on a line.

It connects. An endpoint that begins with @ is bound instead.`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringArrayVarP(&topics, "topic", "t", []string{""}, "messages that begin with `TOPIC`, may be given again;\nall without it")
	cmd.Flags().IntVarP(&count, "count", "n", 0, "end after `N` messages")
	fm.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		soc, err := s.open(zmq4.SUB, false, args...)
		if err != nil {
			return err
		}
		for _, t := range topics {
			if err := soc.SetSubscribe(t); err != nil {
				return err
			}
		}
		return (&output{format: &fm}).receive(s, soc, count)
	})
	return cmd
}
