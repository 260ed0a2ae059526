// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newTalk() *cobra.Command {
	var (
		f      socketFlags
		fm     format
		in     = input{format: &fm, replies: true}
		out    = output{format: &fm, silent: true}
		expect int
	)
	cmd := &cobra.Command{
		Use:     "talk ENDPOINT[,ENDPOINT...] [PART...]",
		Aliases: []string{"pair", "dealer", "router", "stream"},
		Short:   "Send and receive at the same time (PAIR, DEALER, ROUTER, STREAM)",
		Long: `Send messages and print received ones at the same time. --type, or the alias,
says the socket type.

PARTs and standard input are as for zmq4 send. A ROUTER or a STREAM has the
routing id of the peer as the first part: use --json or --hex to see it. When
everything is sent it goes on to receive, until --expect, --timeout or Ctrl-C.

It connects. An endpoint that begins with @ is bound instead.`,
		Example: `  zmq4 pair @tcp://127.0.0.1:5557
  zmq4 pair tcp://127.0.0.1:5557
  zmq4 dealer tcp://localhost:5558 --expect 1 '' question
  zmq4 router @tcp://127.0.0.1:5558 --json`,
		Args: needEndpoint,
	}
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.IntVarP(&expect, "expect", "e", 0, "end when `N` messages have come and all messages are sent")
	})
	in.register(cmd)
	fm.register(cmd)
	kind := newChoice(cmd, "socket type", "pair", "dealer", "router", "stream")
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		if _, ok := types[cmd.CalledAs()]; ok && !cmd.Flags().Changed("type") {
			kind.value = cmd.CalledAs()
		}
		if kind.value == "router" {
			s.options = append([]string{"router-mandatory=1"}, s.options...) // a message to nobody is an error
		}
		if err := out.open(); err != nil {
			return err
		}
		soc, err := s.open(types[kind.value], false, args[0])
		if err != nil {
			return err
		}
		return s.talk(soc, &in, &out, expect, args[1:])
	})
	return cmd
}

// talk sends and receives at the same time.
func (s *session) talk(soc *zmq4.Socket, in *input, out *output, expect int, parts []string) error {
	received := make(chan error, 1)
	go func() {
		err := out.receive(s, soc, expect)
		if err != nil {
			s.cancel(err) // the input may wait for ever
		}
		received <- err
	}()
	err := in.each(s, parts, func(msg [][]byte) error {
		s.sent = true
		return s.send(soc, msg)
	})
	if err != nil {
		return err
	}
	return <-received
}
