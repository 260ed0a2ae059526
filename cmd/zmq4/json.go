// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// A message in JSON is an object with "parts", such as
//
//	{"parts":["text",{"base64":"AP8="}]}
//
// A part that is not UTF-8 is an object. Whatever else there is, such as the "time", is
// not read. encoding/json would need several times the memory of a large part.

// writeJSONMessage writes a message and an end of line. If at is not zero this is the time.
func writeJSONMessage(w io.Writer, at time.Time, msg [][]byte) error {
	text := "{"
	if !at.IsZero() {
		text += `"time":"` + at.Format(timeFormat) + `",`
	}
	io.WriteString(w, text+`"parts":[`)
	for i, p := range msg {
		if i > 0 {
			io.WriteString(w, ",")
		}
		if utf8.Valid(p) {
			writeJSONString(w, p)
			continue
		}
		io.WriteString(w, `{"base64":"`)
		e := base64.NewEncoder(base64.StdEncoding, w)
		e.Write(p)
		e.Close()
		io.WriteString(w, `"}`)
	}
	_, err := io.WriteString(w, "]}\n")
	return err
}

// writeJSONString writes a text as a string, without a copy of it.
func writeJSONString(w io.Writer, text []byte) {
	io.WriteString(w, `"`)
	for len(text) > 0 {
		n := plain(text)
		w.Write(text[:n])
		if text = text[n:]; len(text) > 0 {
			io.WriteString(w, escapes[text[0]])
			text = text[1:]
		}
	}
	io.WriteString(w, `"`)
}

// plain returns how many bytes a text of a JSON string has before its end, or before one
// that cannot be there as it is.
func plain(text []byte) int {
	for i, c := range text {
		if c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// escapes has what stands for a byte that is not plain.
var escapes = func() (all [256]string) {
	for c := range ' ' {
		all[c] = fmt.Sprintf(`\u%04x`, c)
	}
	for i, c := range "\"\\\b\f\n\r\t" {
		all[c] = `\` + `"\bfnrt`[i:i+1]
	}
	return all
}()

// writeJSON writes a value and an end of line.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// A jsonReader reads one message after the other.
type jsonReader struct{ r *bufio.Reader }

// message returns the next message, or io.EOF.
func (j jsonReader) message() (msg [][]byte, err error) {
	if c, err := j.peek(); err != nil {
		return nil, err
	} else if c != '{' {
		return nil, fmt.Errorf(`JSON message: begins with %q, not {"parts":[...]}`, c)
	}
	err = j.object(func(key string) error {
		if key != "parts" {
			return j.skip(0)
		}
		return j.list("[]", func() error {
			p, err := j.part()
			if err == errNoPart {
				err = fmt.Errorf(`part %d is neither a string nor {"base64":"..."}`, len(msg)+1)
			}
			msg = append(msg, p)
			return err
		})
	})
	switch {
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	case err == nil && len(msg) == 0:
		return nil, errors.New(`JSON message without "parts"`)
	}
	if err != nil {
		return nil, fmt.Errorf("JSON message: %w", err)
	}
	return msg, nil
}

var errNoPart = errors.New("no part of a message")

// part returns the next part.
func (j jsonReader) part() ([]byte, error) {
	switch c, err := j.peek(); {
	case err != nil:
		return nil, err
	case c == '"':
		s, err := j.string()
		if err != nil {
			return nil, err
		}
		return readAll(s)
	case c != '{':
		return nil, errNoPart
	}
	part, err := []byte(nil), errNoPart
	if bad := j.object(func(key string) error {
		if key != "base64" {
			return j.skip(0)
		}
		var s io.Reader
		if s, err = j.string(); err == nil {
			part, err = readAll(base64.NewDecoder(base64.StdEncoding, s))
		}
		if err != nil {
			err = fmt.Errorf("base64: %w", err)
		}
		return err
	}); bad != nil {
		return nil, bad
	}
	return part, err
}

// skip reads a value that nobody needs, inside of as many others as depth says.
func (j jsonReader) skip(depth int) error {
	c, err := j.peek()
	switch {
	case err != nil:
		return err
	case depth == 1000:
		return errors.New("too many values inside each other")
	case c == '"':
		s, err := j.string()
		if err == nil {
			_, err = io.Copy(io.Discard, s)
		}
		return err
	case c == '{':
		return j.object(func(string) error { return j.skip(depth + 1) })
	case c == '[':
		return j.list("[]", func() error { return j.skip(depth + 1) })
	}
	var word []byte
	for err == nil && len(word) < 1000 && !bytes.ContainsRune([]byte(" \t\r\n,]}"), rune(c)) {
		word = append(word, c)
		j.r.Discard(1)
		var next []byte
		if next, err = j.r.Peek(1); err == nil {
			c = next[0]
		}
	}
	if !json.Valid(word) {
		return fmt.Errorf("%q is no value", word)
	}
	return nil
}

// object reads an object: value is called for each key, and has to read what belongs to it.
func (j jsonReader) object(value func(key string) error) error {
	return j.list("{}", func() error {
		s, err := j.string()
		if err != nil {
			return err
		}
		key, err := io.ReadAll(s)
		if err == nil {
			err = j.take(':')
		}
		if err != nil {
			return err
		}
		return value(string(key))
	})
}

// list reads what stands between two brackets, each item by a call of the function.
func (j jsonReader) list(brackets string, item func() error) error {
	if err := j.take(brackets[0]); err != nil {
		return err
	}
	if c, err := j.peek(); err != nil || c == brackets[1] {
		j.r.Discard(1)
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if c, err := j.peek(); err != nil || c != ',' {
			return j.take(brackets[1])
		}
		j.r.Discard(1)
	}
}

// string returns the content of the next value, which has to be a string, and to be read
// to its end.
func (j jsonReader) string() (io.Reader, error) {
	return &jsonString{r: j.r}, j.take('"')
}

// take reads a character that has to come.
func (j jsonReader) take(want byte) error {
	c, err := j.peek()
	if err == nil && c != want {
		err = fmt.Errorf("%q in place of %q", c, want)
	}
	if err != nil {
		return err
	}
	_, err = j.r.Discard(1)
	return err
}

// peek returns the next character that is not white space, and leaves it.
func (j jsonReader) peek() (byte, error) {
	for {
		b, err := j.r.Peek(1)
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b[0])) {
			return b[0], nil
		}
		j.r.Discard(1)
	}
}

// A jsonString reads a string up to its end, without its quotation marks and escapes.
type jsonString struct {
	r    *bufio.Reader
	rest string // of an escape
	done bool
}

func (s *jsonString) Read(p []byte) (int, error) {
	for len(p) > 0 && !s.done {
		if n := copy(p, s.rest); n > 0 {
			s.rest = s.rest[n:]
			return n, nil
		}
		if _, err := s.r.Peek(1); err != nil {
			return 0, noEOF(err)
		}
		text, _ := s.r.Peek(min(len(p), s.r.Buffered()))
		if n := plain(text); n > 0 {
			copy(p, text[:n])
			s.r.Discard(n)
			return n, nil
		}
		switch text[0] {
		case '"':
			s.done = true
			s.r.Discard(1)
		case '\\':
			if err := s.escape(); err != nil {
				return 0, err
			}
		default:
			return 0, fmt.Errorf("%q in a string", text[0])
		}
	}
	if s.done {
		return 0, io.EOF
	}
	return 0, nil
}

// escape reads an escape, or two that are a pair of surrogates.
func (s *jsonString) escape() error {
	n := 2
	text, err := s.r.Peek(n)
	if err == nil && text[1] == 'u' {
		n = 6
		text, err = s.r.Peek(n)
	}
	if err != nil {
		return noEOF(err)
	}
	if n == 6 && strings.ContainsRune("dD", rune(text[2])) {
		if two, _ := s.r.Peek(12); len(two) == 12 && two[6] == '\\' && two[7] == 'u' {
			text, n = two, 12
		}
	}
	if err := json.Unmarshal([]byte(`"`+string(text)+`"`), &s.rest); err != nil {
		return fmt.Errorf("%q in a string", text)
	}
	_, err = s.r.Discard(n)
	return err
}

// noEOF is for an end that comes too early.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
