// SPDX-License-Identifier: BSD-2-Clause

package main

import "github.com/spf13/cobra"

func newSend() *cobra.Command {
	var (
		f  socketFlags
		fm format
		in = input{format: &fm}
	)
	cmd := &cobra.Command{
		Use:     "send ENDPOINT[,ENDPOINT...] [PART...]",
		Aliases: []string{"push"},
		Short:   "Send messages (PUSH)",
		Long: `Send messages, each to one of the peers (PUSH, or see --type).

With PARTs it sends one message. A part is a text, or @FILE for the content of a
file; @@ stands for one @. Without PARTs, each line of standard input is a
message. Parts of 64 KiB and more are not copied.
It ends when everything is delivered.

It connects. An endpoint that begins with @ is bound instead.`,
		Example: `  zmq4 send tcp://localhost:5555 hello world
  zmq4 send tcp://localhost:5555 header @photo.jpg
  seq 1000 | zmq4 send tcp://localhost:5555 --rate 100`,
		Args: needEndpoint,
	}
	in.register(cmd)
	fm.register(cmd)
	kind := newChoice(cmd, "socket type", "push", "dealer", "pair", "router", "stream")
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		if kind.value == "router" {
			s.options = append([]string{"router-mandatory=1"}, s.options...) // a message to nobody is an error
		}
		soc, err := s.open(types[kind.value], false, args[0])
		if err != nil {
			return err
		}
		return in.each(s, args[1:], func(msg [][]byte) error {
			s.sent = true
			return s.send(soc, msg)
		})
	})
	return cmd
}
