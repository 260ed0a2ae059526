// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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

// jsonMessage is a message in JSON. A part is a string, or, if it is not UTF-8,
// an object with it in base64.
type jsonMessage[Part any] struct {
	Time  any    `json:"time,omitempty"` // which is not read
	Parts []Part `json:"parts"`
}

type jsonBytes struct {
	Base64 *[]byte `json:"base64"`
}

// write writes a message. If at is not zero it begins with this time.
func (f *format) write(w io.Writer, at time.Time, msg [][]byte) error {
	if f.json {
		return writeJSON(w, newJSONMessage(at, msg))
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

func newJSONMessage(at time.Time, msg [][]byte) jsonMessage[any] {
	var m jsonMessage[any]
	if !at.IsZero() {
		m.Time = at.Format(timeFormat)
	}
	for _, p := range msg {
		if utf8.Valid(p) {
			m.Parts = append(m.Parts, string(p))
		} else {
			m.Parts = append(m.Parts, jsonBytes{&p})
		}
	}
	return m
}

// writeJSON writes a value and an end of line.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// parse returns the message that a text without its end of line stands for.
func (f *format) parse(text []byte) ([][]byte, error) {
	if f.json {
		next := f.reader(bytes.NewReader(text))
		msg, err := next()
		if err != nil {
			return nil, err
		}
		if _, err = next(); err != io.EOF {
			return nil, errors.New("more than one JSON message")
		}
		return msg, nil
	}
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
			if parts[i], err = parseHex(string(parts[i])); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}

func parseHex(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("%q is not hexadecimal digits: %w", s, err)
	}
	return b, nil
}

// reader returns a function that reads one message after the other. Its error
// is io.EOF after the last one.
func (f *format) reader(r io.Reader) func() ([][]byte, error) {
	if f.json {
		d := json.NewDecoder(r)
		return func() ([][]byte, error) {
			var m jsonMessage[json.RawMessage]
			if err := d.Decode(&m); err == io.EOF {
				return nil, err
			} else if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
				return nil, fmt.Errorf(`JSON message: %s, not {"parts":[...]}`, kind.Value) // its text names types of Go's
			} else if err != nil {
				return nil, fmt.Errorf("JSON message: %w", err)
			}
			return parseJSON(m)
		}
	}
	if f.raw {
		done := false
		return func() ([][]byte, error) {
			if done {
				return nil, io.EOF
			}
			done = true
			text, err := readAll(r)
			if err != nil {
				return nil, err
			}
			return f.parse(text)
		}
	}
	lines := bufio.NewReader(r)
	return func() ([][]byte, error) {
		line, err := lines.ReadBytes('\n')
		if err != nil && (err != io.EOF || len(line) == 0) {
			return nil, err
		}
		return f.parse(bytes.TrimSuffix(line, []byte("\n")))
	}
}

// parseJSON returns the parts of a message in JSON.
func parseJSON(m jsonMessage[json.RawMessage]) ([][]byte, error) {
	if len(m.Parts) == 0 {
		return nil, errors.New(`JSON message without "parts"`)
	}
	msg := make([][]byte, len(m.Parts))
	for i, p := range m.Parts {
		var text *string
		var b jsonBytes
		if json.Unmarshal(p, &text) == nil && text != nil {
			msg[i] = []byte(*text)
		} else if json.Unmarshal(p, &b) == nil && b.Base64 != nil {
			msg[i] = *b.Base64
		} else {
			return nil, fmt.Errorf(`JSON message: part %d is neither a string nor {"base64":"..."}`, i+1)
		}
	}
	return msg, nil
}
