// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
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
		Long: `Reply to requests (REP): with the request itself, or with what a command says.

The command is run for each request, has it on its standard input as zmq4
receive would print it, and writes the reply, of which an end of line is taken
away (not with --raw). If it fails the reply is an empty message.

It binds. An endpoint that begins with > is connected instead.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || cmd.ArgsLenAtDash() == 0 {
				return errors.New("requires an endpoint")
			}
			return nil
		},
	}
	cmd.Flags().IntVarP(&count, "count", "n", 0, "end after `N` requests")
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
		soc, err := s.open(zmq4.REP, true, args...)
		if err != nil {
			return err
		}
		for n := 0; count == 0 || n < count; n++ {
			msg, err := soc.RecvMessageBytesContext(s.ctx)
			if err != nil {
				return err
			}
			if len(command) > 0 {
				if msg, err = s.ask(&fm, command, msg); err != nil {
					return err
				}
			}
			if err := s.send(soc, msg); err != nil {
				return err
			}
		}
		return nil
	})
	return cmd
}

// ask returns the reply of a command, which is empty if the command fails. The
// error is that of the session.
func (s *session) ask(f *format, command []string, request [][]byte) ([][]byte, error) {
	text, err := f.appendMessage(nil, request)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(s.ctx, command[0], command[1:]...)
	c.Stdin = bytes.NewReader(text)
	c.Stderr = os.Stderr
	said, err := c.Output()
	if errors.Is(err, syscall.EPIPE) {
		err = nil // it did not want to read all
	}
	if s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	var reply [][]byte
	if err == nil {
		if !f.raw {
			said = bytes.TrimSuffix(said, []byte("\n"))
		}
		reply, err = f.parse(said)
	}
	if err != nil {
		warnf("%s: %v", command[0], err)
		return [][]byte{nil}, nil
	}
	return reply, nil
}
