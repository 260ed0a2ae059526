// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"testing"
	"time"
)

// counted is how many messages the terminal tests count.
const counted = 10_000_000

// fakeTransfer is a command that counts messages for two seconds, and warns meanwhile.
// A total of 0 is none.
func fakeTransfer(total int) {
	bar := newProgress(total, true)
	defer bar.end()
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for i := range 200 {
		<-ticks.C
		bar.add(counted / 200)
		if i%7 == 0 {
			warnf("warning %d", i)
		}
	}
}

func TestProgressLine(t *testing.T) {
	for _, tt := range []struct {
		n, total int64
		rate     float64
		columns  int
		want     string
	}{
		{0, 0, 0, 80, "0 msgs  0/s"},
		{9999, 0, 1e4, 80, "9999 msgs  10.0k/s"},
		{10_000_000, 0, 1_200_000, 40, "10.0M msgs  1.2M/s"},
		{999_960, 0, 0, 80, "1.0M msgs  0/s"},
		{1 << 62, 0, 1e18, 80, "4611686T msgs  1000000T/s"},
		{5, 10, 0, 80, "5/10 msgs  50%  0/s"},
		{123, 1000, 99.6, 80, "123/1000 msgs  12%  100/s  9s left"},
		{9_999_999, 10_000_000, 1_234_567, 80, "10.0M/10.0M msgs  99%  1.2M/s  1s left"},
		{9_999_999, 10_000_000, 1_234_567, 40, "10.0M/10.0M msgs  99%  1.2M/s  1s left"},
		{1_234_567, 999_900_000, 123_456, 40, "1.2M/999.9M msgs  0%  123.5k/s"},
		{1_234_567, 999_900_000, 123_456, 80, "1.2M/999.9M msgs  0%  123.5k/s  2h14m50s left"},
		{1_234_567, 999_900_000, 123_456, 20, "1.2M/999.9M msgs"},
		{1_234_567, 999_900_000, 123_456, 5, ""},
	} {
		got := progressLine(tt.n, tt.total, tt.rate, tt.columns)
		if got != tt.want || len(got) >= tt.columns {
			t.Errorf("progressLine(%d, %d, %v, %d) = %q, want %q", tt.n, tt.total, tt.rate, tt.columns, got, tt.want)
		}
	}
}
