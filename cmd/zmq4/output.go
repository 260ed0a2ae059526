// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"io"
	"os"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// An output writes messages to standard output.
type output struct {
	*format
	timestamp bool
	pattern   string

	template *template.Template // of the pattern, nil without it
	w        *bufio.Writer
	silent   bool // about progress
}

// register adds the flags of commands that receive only.
func (out *output) register(cmd *cobra.Command) {
	group(cmd, "Format", func(p *pflag.FlagSet) {
		p.BoolVarP(&out.timestamp, "timestamp", "T", false, "begin each message with the time at which it came")
		p.StringVarP(&out.pattern, "format", "f", "", "write messages by a Go `template` with .Time, .Parts and .Size, such as '{{.Time}} {{index .Parts 1}}'")
	})
	for _, other := range []string{"json", "hex", "raw", "delimiter", "timestamp"} {
		cmd.MarkFlagsMutuallyExclusive("format", other)
	}
	cmd.MarkFlagsMutuallyExclusive("timestamp", "raw")
}

// open checks how messages are to be written.
func (out *output) open() (err error) {
	if _, err := out.between(); err != nil {
		return err
	}
	if out.pattern != "" {
		t := template.New("--format").Funcs(template.FuncMap{"join": strings.Join})
		if out.template, err = t.Parse(out.pattern); err != nil {
			return usageError{err}
		}
		// A field that there is not is an error before the first message, a part is not.
		err := out.template.Execute(io.Discard, shown{Parts: make([]string, 100)})
		if err != nil && strings.Contains(err.Error(), "can't evaluate field") {
			return usageError{err}
		}
	}
	out.w = bufio.NewWriterSize(os.Stdout, largePart)
	return nil
}

// shown is a message as the template of --format gets it.
type shown struct {
	Time  time.Time
	Parts []string
	Size  int
}

// print writes a message, of which a large part is not copied. Flush has to follow.
func (out *output) print(msg [][]byte) error {
	now := time.Now()
	if out.template == nil {
		if !out.timestamp {
			now = time.Time{}
		}
		return out.write(out.w, now, msg)
	}
	m := shown{Time: now}
	for _, p := range msg {
		m.Parts = append(m.Parts, string(p))
		m.Size += len(p)
	}
	if err := out.template.Execute(out.w, m); err != nil {
		return err
	}
	return out.w.WriteByte('\n')
}

// receive prints count messages from a socket, or all that come if it is 0. A
// message does not wait for the next one.
func (out *output) receive(s *session, soc *zmq4.Socket, count int) error {
	if count < 0 {
		return usagef("--count cannot be negative")
	}
	bar := newProgress(count, !s.quiet && !out.silent && !isTerminal(os.Stdout))
	defer bar.end()
	var m message
	for n := 0; count == 0 || n < count; n++ {
		err := m.receiveNow(soc)
		if s.ctx.Err() != nil || zmq4.AsErrno(err) == zmq4.Errno(syscall.EAGAIN) {
			if err := out.w.Flush(); err != nil {
				return err
			}
			err = m.receive(s, soc)
		}
		if err != nil {
			return err
		}
		if err := out.print(m.bytes()); err != nil {
			return err
		}
		m.free()
		bar.add(1)
	}
	return out.w.Flush()
}
