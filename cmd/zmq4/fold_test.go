// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A line that repeats is written once; how often it came again before the next new
// line, every ten seconds, and at the end.
func TestFold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		f := &fold{print: func(line string) {
			if !regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3} `).MatchString(line) {
				t.Errorf("%q does not begin with the time", line)
			}
			got = append(got, line[len("15:04:05.000 "):])
		}}
		check := func(want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			got = nil
		}
		for i := range 3 {
			f.add("refused", "refused fd="+string(rune('1'+i)))
			f.add("closed", "closed")
		}
		check("refused fd=1", "closed")
		f.add("", "connected")
		check("refused (2 more times)", "closed (2 more times)", "connected")
		f.add("closed", "closed")
		f.add("closed", "closed")
		check("closed")
		f.end()
		f.end()
		check("closed (again)")

		for range 25 {
			time.Sleep(time.Second)
			f.add("closed", "closed")
		}
		check("closed (10 more times)", "closed (10 more times)")
		time.Sleep(time.Hour)
		f.add("closed", "closed") // which ends what was held back before
		check("closed (6 more times)")
		time.Sleep(time.Hour)
		f.add("closed", "closed fd=3")
		check("closed fd=3")
		if len(f.repeated) != 1 {
			t.Errorf("%d lines are kept", len(f.repeated))
		}
	})
}
