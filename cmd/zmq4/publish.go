// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
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
		Long: `Publish messages to all who have subscribed to what they begin with (PUB).

What a message is made of is as for zmq4 send. Whoever subscribes later misses
what was published before: --wait waits for subscribers.

It binds. An endpoint that begins with > is connected instead.`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringVarP(&in.topic, "topic", "t", "", "a first part `TOPIC` for each message")
	cmd.Flags().IntVarP(&wait, "wait", "w", 0, "begin when there are `N` subscriptions")
	cmd.Flags().BoolVar(&slow, "nodrop", false, "wait for subscribers that are slow, which else miss messages")
	in.register(cmd)
	fm.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		kind := zmq4.PUB
		if wait > 0 {
			kind = zmq4.XPUB // which tells of subscriptions
			s.options = append([]string{"xpub-verbose=1"}, s.options...)
		}
		if slow {
			s.options = append([]string{"xpub-nodrop=1"}, s.options...)
		}
		soc, err := s.open(kind, true, args[0])
		if err != nil {
			return err
		}
		if err := s.awaitSubscriptions(soc, wait); err != nil {
			return err
		}
		return in.each(s, args[1:], func(msg [][]byte) error { return s.send(soc, msg) })
	})
	return cmd
}

// awaitSubscriptions waits until there are n subscriptions, and then goes on to
// take what the socket tells of them, which would pile up.
func (s *session) awaitSubscriptions(soc *zmq4.Socket, n int) error {
	if n <= 0 {
		return nil
	}
	for there := 0; there < n; {
		msg, err := soc.RecvMessageBytesContext(s.ctx)
		if err != nil {
			return err
		}
		switch first := msg[0]; {
		case len(first) > 0 && first[0] == 1:
			there++
		case len(first) > 0 && first[0] == 0 && there > 0:
			there--
		}
	}
	go func() {
		for {
			if _, err := soc.RecvMessageBytesContext(s.ctx); err != nil {
				return
			}
		}
	}()
	return nil
}
