// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

func newRequest() *cobra.Command {
	var (
		f  socketFlags
		fm format
		in = input{format: &fm}
	)
	cmd := &cobra.Command{
		Use:     "request ENDPOINT[,ENDPOINT...] [PART...]",
		Aliases: []string{"req"},
		Short:   "Send requests and print the replies (REQ)",
		Long: `Send requests (REQ), one after the other, and write each reply on a line.

What a request is made of is as for zmq4 send.

It connects. An endpoint that begins with @ is bound instead.`,
		Args: cobra.MinimumNArgs(1),
	}
	in.register(cmd)
	fm.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		soc, err := s.open(zmq4.REQ, false, args[0])
		if err != nil {
			return err
		}
		out := output{format: &fm}
		return in.each(s, args[1:], func(msg [][]byte) error {
			if err := s.send(soc, msg); err != nil {
				return err
			}
			reply, err := soc.RecvMessageBytesContext(s.ctx)
			if err != nil {
				return err
			}
			return out.print(reply)
		})
	})
	return cmd
}
