// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// timeFormat is how the time of a message is written.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// A format is how messages look on standard input and output.
type format struct {
	json, hex, raw bool
	delimiter      string
}

func (f *format) register(cmd *cobra.Command) {
	group(cmd, "Format", func(p *pflag.FlagSet) {
		p.BoolVarP(&f.json, "json", "j", false, `messages are JSON: {"parts":["text",{"base64":"AP8="}]}`)
		p.BoolVarP(&f.hex, "hex", "x", false, "parts are hexadecimal digits, with a blank between parts")
		p.BoolVar(&f.raw, "raw", false, "all of the input is one message; messages are written as they are, without an end of line")
		p.StringVarP(&f.delimiter, "delimiter", "d", "", "`text` between parts, such as '\\t' (written by default); without it a line is one part")
	})
	cmd.MarkFlagsMutuallyExclusive("json", "hex", "raw")
	cmd.MarkFlagsMutuallyExclusive("json", "delimiter")
}

// between returns what stands between parts, and "" if input has only one.
func (f *format) between() (string, error) {
	if f.delimiter == "" && f.hex {
		return " ", nil
	}
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(f.delimiter, `"`, `\"`) + `"`)
	if err != nil {
		return "", usagef("--delimiter %s: not a text that a backslash may be in", f.delimiter)
	}
	return s, nil
}

// write writes a message. If at is not zero it begins with this time.
func (f *format) write(w io.Writer, at time.Time, msg [][]byte) error {
	if f.json {
		return writeJSONMessage(w, at, msg)
	}
	between, err := f.between()
	if err != nil {
		return err
	}
	if between == "" && !f.raw {
		between = "\t"
	}
	if !at.IsZero() {
		io.WriteString(w, at.Format(timeFormat)+between)
	}
	for i, p := range msg {
		if i > 0 {
			io.WriteString(w, between)
		}
		if f.hex {
			hex.NewEncoder(w).Write(p)
		} else {
			w.Write(p)
		}
	}
	if !f.raw {
		io.WriteString(w, "\n")
	}
	return nil
}

// parse returns the message that a text without its end of line stands for. It changes
// the text.
func (f *format) parse(text []byte) ([][]byte, error) {
	between, err := f.between()
	if err != nil {
		return nil, err
	}
	parts := [][]byte{text}
	if between != "" {
		parts = bytes.Split(text, []byte(between))
	}
	if f.hex {
		for i := range parts {
			if parts[i], err = parseHex(parts[i]); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}

// parseHex returns the bytes that digits stand for, in the memory of those.
func parseHex(digits []byte) ([]byte, error) {
	digits = bytes.TrimSpace(digits)
	begin := string(digits[:min(len(digits), 40)])
	n, err := hex.Decode(digits[:len(digits)/2], digits)
	if err != nil {
		return nil, fmt.Errorf("%q is not hexadecimal digits: %w", begin, err)
	}
	return digits[:n], nil
}

// reader returns a function that reads one message after the other. Its error
// is io.EOF after the last one.
func (f *format) reader(r io.Reader) func() ([][]byte, error) {
	switch {
	case f.json:
		return jsonReader{bufio.NewReader(r)}.message
	case f.raw:
		done := false
		return func() ([][]byte, error) {
			if done {
				return nil, io.EOF
			}
			done = true
			return f.whole(r)
		}
	}
	lines := bufio.NewReader(r)
	return func() ([][]byte, error) {
		line, err := readLine(lines)
		if err != nil {
			return nil, err
		}
		return f.parse(line)
	}
}

// whole returns the message that all of r is, of which an end of line is taken away
// unless it is raw.
func (f *format) whole(r io.Reader) ([][]byte, error) {
	if f.json {
		next := f.reader(r)
		msg, err := next()
		if err != nil {
			return nil, err
		}
		if _, err = next(); err != io.EOF {
			return nil, errors.New("more than one JSON message")
		}
		return msg, nil
	}
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if !f.raw {
		text = bytes.TrimSuffix(text, []byte("\n"))
	}
	return f.parse(text)
}
