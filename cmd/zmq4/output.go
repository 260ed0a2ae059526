// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"os"

	"github.com/seed45097122/zmq4"
)

// An output writes messages to standard output.
type output struct {
	*format
	buf []byte
}

// print writes messages in one write, so that none waits for the next one.
func (out *output) print(messages ...[][]byte) error {
	out.buf = out.buf[:0]
	for _, msg := range messages {
		var err error
		if out.buf, err = out.appendMessage(out.buf, msg); err != nil {
			return err
		}
	}
	_, err := os.Stdout.Write(out.buf)
	return err
}

// receive prints count messages from a socket, or all that come if it is 0.
func (out *output) receive(s *session, soc *zmq4.Socket, count int) error {
	if count < 0 {
		return usagef("--count cannot be negative")
	}
	if _, err := out.between(); err != nil {
		return err
	}
	bar := newProgress(count, !s.quiet && !isTerminal(os.Stdout))
	defer bar.end()
	var batch zmq4.Batch
	for n := 0; count == 0 || n < count; {
		batch.Reset()
		got, err := soc.RecvBatch(s.ctx, &batch, min(count-n, 1000))
		if err != nil {
			return err
		}
		messages := make([][][]byte, got)
		for i, m := range batch.All() {
			for _, p := range m.Parts() {
				messages[i] = append(messages[i], p)
			}
		}
		if err := out.print(messages...); err != nil {
			return err
		}
		n += got
		bar.add(got)
	}
	return nil
}
