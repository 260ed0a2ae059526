// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

func newRequest() *cobra.Command {
	var (
		f   socketFlags
		fm  format
		out = output{format: &fm}
		in  = input{format: &fm, replies: true}
	)
	cmd := &cobra.Command{
		Use:     "request ENDPOINT[,ENDPOINT...] [PART...]",
		Aliases: []string{"req"},
		Short:   "Send requests and print the replies (REQ)",
		Long: `Send requests (REQ), one after the other, and write each reply on a line.

PARTs and standard input are as for zmq4 send.

It connects. An endpoint that begins with @ is bound instead.`,
		Example: `  zmq4 request tcp://localhost:5555 hello
  zmq4 req tcp://localhost:5555 --timeout 2s --json get user
  seq 3 | zmq4 req tcp://localhost:5555`,
		Args: needEndpoint,
	}
	in.register(cmd)
	fm.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		if err := out.open(); err != nil {
			return err
		}
		soc, err := s.open(zmq4.REQ, false, args[0])
		if err != nil {
			return err
		}
		var reply message
		return in.each(s, args[1:], func(msg [][]byte) error {
			if err := s.send(soc, msg); err != nil {
				return err
			}
			if err := reply.receive(s, soc); err != nil {
				return err
			}
			if err := out.print(reply.bytes()); err != nil {
				return err
			}
			reply.free()
			return out.w.Flush()
		})
	})
	return cmd
}
