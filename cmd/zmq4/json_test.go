// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

func TestReadJSON(t *testing.T) {
	long := strings.Repeat(`x`, 10_000)
	for text, want := range map[string][]string{
		`{"parts":["a","b"]}`:                                           {"a", "b"},
		` { "parts" : [ "" ] } `:                                        {""},
		`{"parts":["` + long + `"]}`:                                    {long},
		`{"parts":["\"\\\/\b\f\n\r\t\u0041\u20ac"]}`:                    {"\"\\/\b\f\n\r\tA€"},
		`{"parts":["\ud83d\ude00 \uD83D\uDE00"]}`:                       {"😀 😀"},
		`{"parts":["\ud83d","\ud83dx","\ud83d\n","\ud83d\u0041"]}`:      {"�", "�x", "�\n", "�A"},
		`{"parts":[{"base64":"AP8="},{"base64":""},{"base64":"AA=="}]}`: {"\x00\xff", "", "\x00"},
		`{"parts":[{"type":{"a":[1,"}"]},"base64":"AP8=","b":null}]}`:   {"\x00\xff"},
		`{"parts":[{"base64":"A\u0050\n8="}]}`:                          {"\x00\xff"},
		`{"time":"2026","n":[-1.5e3,{},[],true,null],"parts":["a"]}`:    {"a"},
		`{"parts":["a"],"o":{"parts":["b"],"s":"]}\""}}`:                {"a"},
	} {
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			j := jsonReader{bufio.NewReader(r)}
			msg, err := j.message()
			if err != nil || !slices.EqualFunc(msg, want, func(p []byte, s string) bool { return string(p) == s }) {
				t.Errorf("%.60s: %.60q, %v", text, msg, err)
			}
			if _, err := j.message(); err != io.EOF {
				t.Errorf("%.60s: behind it: %v", text, err)
			}
		}
	}
}

func TestReadJSONErrors(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                 `JSON message: begins with '[', not {"parts":[...]}`,
		`{}`:                                 `JSON message without "parts"`,
		`{"parts":[]}`:                       `JSON message without "parts"`,
		`{"parts":null}`:                     `'n' in place of '['`,
		`{"parts":["a",1]}`:                  `part 2 is neither a string nor {"base64":"..."}`,
		`{"parts":[{}]}`:                     `part 1 is neither`,
		`{"parts":[{"base64":1}]}`:           `'1' in place of '"'`,
		`{"parts":[{"base64":"A"}]}`:         `base64: unexpected EOF`,
		`{"parts":[{"base64":"????"}]}`:      `base64: illegal base64 data`,
		`{"parts":["\x"]}`:                   `in a string`,
		`{"parts":["\u00zz"]}`:               `in a string`,
		"{\"parts\":[\"\n\"]}":               `'\n' in a string`,
		`{"parts":["a" "b"]}`:                `'"' in place of ']'`,
		`{"parts":["a",]}`:                   `part 2 is neither`,
		`{"parts":["a"]`:                     `unexpected EOF`,
		`{"parts":["a`:                       `unexpected EOF`,
		`{"parts":["\`:                       `unexpected EOF`,
		`{"parts":["\u00`:                    `unexpected EOF`,
		`{"parts"`:                           `unexpected EOF`,
		`{`:                                  `unexpected EOF`,
		`{"a":1x,"parts":["a"]}`:             `"1x" is no value`,
		`{"a":,"parts":["a"]}`:               `is no value`,
		`{"a":` + strings.Repeat("[", 1<<20): `too many values inside each other`,
	} {
		if _, err := (jsonReader{bufio.NewReader(strings.NewReader(text))}).message(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
	if _, err := (jsonReader{bufio.NewReader(strings.NewReader(" \n"))}).message(); err != io.EOF {
		t.Errorf("no message: %v", err)
	}
}

// FuzzWriteJSON writes a message, which encoding/json and the tool have to read.
func FuzzWriteJSON(f *testing.F) {
	f.Add([]byte("text"), []byte{0, 0xff})
	f.Add([]byte("\"\\/<&>\u2028\x7f\x00\b\f\n\r\t\x1f"), []byte(""))
	f.Add([]byte(strings.Repeat("€", 50_000)), bytes.Repeat([]byte{0xff}, 50_000))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		want := [][]byte{a, b}
		var text bytes.Buffer
		if err := writeJSONMessage(&text, time.Time{}, want); err != nil {
			t.Fatal(err)
		}
		var read struct{ Parts [2]any }
		if err := json.Unmarshal(text.Bytes(), &read); err != nil {
			t.Fatalf("%v: %q", err, &text)
		}
		for i, part := range read.Parts {
			var wanted any = string(want[i])
			if !utf8.Valid(want[i]) {
				wanted = map[string]any{"base64": base64.StdEncoding.EncodeToString(want[i])}
			}
			if !reflect.DeepEqual(part, wanted) {
				t.Errorf("encoding/json reads %q, not %q", part, wanted)
			}
		}
		msg, err := (jsonReader{bufio.NewReader(&text)}).message()
		if err != nil || !slices.EqualFunc(msg, want, bytes.Equal) {
			t.Errorf("%q, %v", msg, err)
		}
	})
}

// FuzzReadJSON reads any text: a message that encoding/json does not take is not taken.
func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"parts":["text",{"base64":"AP8="}],"time":[1,{"a":null}]}`))
	f.Add([]byte(`{"parts":["\ud83d\ude00\u0000"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j := jsonReader{bufio.NewReader(bytes.NewReader(text))}
		if _, err := j.message(); err != nil {
			return
		}
		rest, err := io.ReadAll(j.r)
		if err != nil {
			t.Fatal(err)
		}
		if text = text[:len(text)-len(rest)]; !json.Valid(text) {
			t.Errorf("took %q", text)
		}
	})
}
