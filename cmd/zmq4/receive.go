// SPDX-License-Identifier: BSD-2-Clause

package main

import "github.com/spf13/cobra"

func newReceive() *cobra.Command {
	var (
		f     socketFlags
		fm    format
		count int
	)
	cmd := &cobra.Command{
		Use:     "receive ENDPOINT...",
		Aliases: []string{"recv", "pull"},
		Short:   "Receive messages (PULL)",
		Long: `Receive messages (PULL, or as --type says) and write each on a line.

It binds. An endpoint that begins with > is connected instead.`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().IntVarP(&count, "count", "n", 0, "end after `N` messages")
	fm.register(cmd)
	kind := newChoice(cmd, "socket type", "pull", "dealer", "pair", "router", "stream", "xpub")
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		soc, err := s.open(types[kind.value], true, args...)
		if err != nil {
			return err
		}
		return (&output{format: &fm}).receive(s, soc, count)
	})
	return cmd
}
