// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestDraw looks at a picture of all implementations, whose lines end at the same place.
func TestDraw(t *testing.T) {
	lines := make(map[string][]point)
	for i, impl := range implementations {
		lines[impl] = []point{{8, 5e6 + float64(i)*3e5}, {1 << 20, 1500}, {4 << 10, 8e5}}
	}
	var b bytes.Buffer
	draw(&b, "title", lines)
	picture := b.String()
	for d := xml.NewDecoder(&b); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">8 B<", ">4 KiB<", ">1 MiB<", ">1/2<", ">1<", ">2<", ">5.00 M/s<", ">800 k/s<", ">1500/s<", ">title<"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %s", want)
		}
	}
	colours := make(map[string]bool)
	for impl, l := range looks {
		if strings.Count(picture, ">"+l.name+"<") != 1 {
			t.Errorf("%s is not in the legend", impl)
		}
		if colours[l.colour] {
			t.Errorf("%s has the colour of another one", impl)
		}
		colours[l.colour] = true
	}
	if strings.Contains(picture, "NaN") || strings.Contains(picture, "Inf") {
		t.Error(picture)
	}
}
