// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func TestChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var c chunks
	for range 3 {
		var want []byte
		for i := range 100 {
			part := bytes.Repeat([]byte{byte(random.Int())}, random.IntN(100_000))
			want = append(want, part...)
			n := len(part)
			var err error
			if i%2 == 0 {
				n, err = c.Write(part)
			} else if _, err = io.Copy(&c, bytes.NewReader(part)); err == nil {
				_, err = c.ReadFrom(iotest.DataErrReader(strings.NewReader("")))
			}
			if n != len(part) || err != nil {
				t.Fatalf("%d bytes of %d, %v", n, len(part), err)
			}
		}
		if !bytes.Equal(c.bytes(), want) {
			t.Fatal("other bytes come back")
		}
	}
	if got := c.bytes(); len(got) > 0 {
		t.Errorf("%d bytes are left", len(got))
	}
}

func TestReadLine(t *testing.T) {
	long := strings.Repeat("long", 3000)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"\n", []string{""}},
		{"a\n\nb\n", []string{"a", "", "b"}},
		{"a\r\nb", []string{"a\r", "b"}},
		{long + "\n" + long, []string{long, long}},
		{strings.Repeat("x", 4096) + "\n" + strings.Repeat("y", 4095) + "\nz", []string{strings.Repeat("x", 4096), strings.Repeat("y", 4095), "z"}},
	} {
		r := bufio.NewReader(iotest.HalfReader(strings.NewReader(tt.text)))
		var got []string
		line, err := readLine(r)
		for ; err == nil; line, err = readLine(r) {
			got = append(got, string(line))
		}
		if err != io.EOF || strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
			t.Errorf("%.20q: %.100q, %v", tt.text, got, err)
		}
	}
	if _, err := readLine(bufio.NewReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("ab"))))); err != iotest.ErrTimeout {
		t.Errorf("a failed read: %v", err)
	}
}
