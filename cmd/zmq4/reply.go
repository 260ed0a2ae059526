// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newReply() *cobra.Command {
	var (
		f     socketFlags
		fm    format
		count int
	)
	cmd := &cobra.Command{
		Use:     "reply ENDPOINT... [-- COMMAND [ARG...]]",
		Aliases: []string{"rep"},
		Short:   "Reply to requests (REP)",
		Long: `Reply to requests (REP) with the request itself, or with the output of a
command.

The command is run for each request. It reads the request from standard input,
as zmq4 receive would print it, and writes the reply, whose last end of line is
removed (not with --raw). If the command fails, the reply is an empty message.

It binds. An endpoint that begins with > is connected instead.`,
		Example: `  zmq4 reply tcp://127.0.0.1:5555
  zmq4 rep 'tcp://*:5555' -- tr a-z A-Z
  zmq4 rep 'tcp://*:5555' --json -- jq -c '{parts: [.parts[] | ascii_upcase]}'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args = args[:dash]
			}
			return needEndpoint(cmd, args)
		},
	}
	group(cmd, "Messages", func(p *pflag.FlagSet) {
		p.IntVarP(&count, "count", "n", 0, "end after `N` requests")
	})
	fm.register(cmd)
	f.register(cmd)
	cmd.RunE = f.run(func(s *session, args []string) error {
		if count < 0 {
			return usagef("--count cannot be negative")
		}
		var command []string
		if dash := cmd.ArgsLenAtDash(); dash >= 0 {
			args, command = args[:dash], args[dash:]
		}
		if _, err := fm.between(); err != nil {
			return err
		}
		if len(command) > 0 {
			if _, err := exec.LookPath(command[0]); err != nil {
				return err
			}
		}
		soc, err := s.open(zmq4.REP, true, args...)
		for n := 0; err == nil && (count == 0 || n < count); n++ {
			err = s.reply(soc, &fm, command)
		}
		return err
	})
	return cmd
}

// reply receives a request and sends it back, or the reply of a command to it.
func (s *session) reply(soc *zmq4.Socket, f *format, command []string) error {
	var m message
	if err := m.receive(s, soc); err != nil {
		return err
	}
	if len(command) == 0 {
		return m.send(s, soc)
	}
	reply, err := s.ask(f, command, m)
	if err != nil {
		return err
	}
	return s.send(soc, reply)
}

// ask returns the reply of a command to a request, which is freed. The reply is empty
// if the command fails. The error is that of the session.
func (s *session) ask(f *format, command []string, request message) ([][]byte, error) {
	in, text := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		w := bufio.NewWriterSize(text, largePart)
		text.CloseWithError(errors.Join(f.write(w, time.Time{}, request.bytes()), w.Flush()))
	}()
	c := exec.CommandContext(s.ctx, command[0], command[1:]...)
	c.Stdin, c.Stderr = in, os.Stderr
	reply, err := f.run(c)
	in.Close()
	<-written
	request.free()
	if s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	if err != nil {
		warnf("%s: %v", command[0], err)
		return [][]byte{nil}, nil
	}
	return reply, nil
}

// run runs a command, and returns the message that it writes. EPIPE is no failure: it did
// not want to read all.
func (f *format) run(c *exec.Cmd) ([][]byte, error) {
	output, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	msg, err := f.whole(output)
	io.Copy(io.Discard, output) // so that it can end after a mistake
	if failed := c.Wait(); failed != nil && !errors.Is(failed, syscall.EPIPE) {
		return nil, failed
	}
	return msg, err
}
