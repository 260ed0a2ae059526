// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newPublish() *cobra.Command {
	var (
		f    socketFlags
		fm   format
		in   = input{format: &fm}
		wait int
		slow bool
	)
	cmd := &cobra.Command{
		Use:     "publish ENDPOINT[,ENDPOINT...] [PART...]",
		Aliases: []string{"pub"},
		Short:   "Publish messages to all subscribers (PUB)",
		Long: `Publish messages (PUB). A subscriber receives those that begin with one of its
topics. PARTs and standard input are as for zmq4 send.

Subscribers miss messages that were published before they subscribed, and a
subscription takes a moment to arrive: --wait 1 begins when there is one.

It binds. An endpoint that begins with > is connected instead.`,
		Example: `  zmq4 publish tcp://127.0.0.1:5556 --wait 1 hello
  zmq4 pub tcp://127.0.0.1:5556 --topic weather --interval 1s --count 0 sun
  tail -f log | zmq4 pub 'tcp://*:5556'`,
		Args: needEndpoint,
	}
	group(cmd, "Subscribers", func(p *pflag.FlagSet) {
		p.IntVarP(&wait, "wait", "w", 0, "wait for `N` subscriptions before the first message")
		p.BoolVar(&slow, "nodrop", false, "wait for slow subscribers; they miss messages without it")
	})
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.StringVarP(&in.topic, "topic", "t", "", "put a part with this `TOPIC` before each message")
	})
	in.register(cmd)
	fm.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		s.options = append([]string{"xpub-verbose=1"}, s.options...) // or equal subscriptions count once
		if slow {
			s.options = append([]string{"xpub-nodrop=1"}, s.options...)
		}
		soc, err := s.open(zmq4.XPUB, true, args[0]) // a PUB that tells of subscriptions
		if err != nil {
			return err
		}
		return s.publish(soc, &in, wait, args)
	})
	return cmd
}

// publish sends messages once there are subscriptions. If it has sent the first one to
// nobody it warns of that.
func (s *session) publish(soc *zmq4.Socket, in *input, wait int, args []string) error {
	a := &audience{socket: soc}
	if err := a.await(s.ctx, wait); err != nil {
		return err
	}
	began := false
	return in.each(s, args[1:], func(msg [][]byte) error {
		if err := s.send(soc, msg); err != nil || began {
			return err
		}
		began = true
		if err := a.look(); err != nil {
			return err
		}
		if a.n == 0 && !s.quiet {
			warnf("nobody has subscribed to %s: messages are lost until somebody does; --wait 1 waits for that", args[0])
		}
		go a.follow(s.ctx)
		return nil
	})
}
