// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newProxy() *cobra.Command {
	var (
		f       socketFlags
		capture string
	)
	cmd := &cobra.Command{
		Use:   "proxy FRONTEND BACKEND",
		Short: "Forward messages between two sides",
		Long: `Forward messages between a frontend and a backend, in both directions:

  queue      ROUTER and DEALER: requests of clients to workers, with replies
  forwarder  XSUB and XPUB: from publishers to subscribers
  streamer   PULL and PUSH: from senders to workers

It binds. An endpoint that begins with > is connected instead. Options are for
both sides, those for security too.`,
		Example: `  zmq4 proxy 'tcp://*:5555' 'tcp://*:5556'
  zmq4 proxy --type forwarder '>tcp://localhost:5557' 'tcp://*:5558'
  zmq4 proxy --capture 'tcp://*:5559' 'tcp://*:5555' 'tcp://*:5556'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("two endpoints are needed: that of the frontend, and that of the backend")
			}
			return nil
		},
	}
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.StringVar(&capture, "capture", "", "publish all messages on this `endpoint` too")
	})
	kind := newChoice(cmd, "kind of proxy", "queue", "forwarder", "streamer")
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		pair := map[string][2]zmq4.Type{
			"queue":     {zmq4.ROUTER, zmq4.DEALER},
			"forwarder": {zmq4.XSUB, zmq4.XPUB},
			"streamer":  {zmq4.PULL, zmq4.PUSH},
		}[kind.value]
		front, err := s.open(pair[0], true, args[0])
		if err != nil {
			return err
		}
		back, err := s.open(pair[1], true, args[1])
		if err != nil {
			return err
		}
		var copies *zmq4.Socket
		if capture != "" {
			if copies, err = s.open(zmq4.PUB, true, capture); err != nil {
				return err
			}
		}
		return zmq4.ProxyContext(s.ctx, front, back, copies)
	})
	return cmd
}
