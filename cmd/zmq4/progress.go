// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"
)

// A progress is shown once a transfer takes longer than progressAfter, and then
// anew each progressEvery.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// A progress counts messages, and shows the count on standard error if that is a
// terminal.
type progress struct {
	n          atomic.Int64
	total      int64         // 0 if it has no end
	stop, done chan struct{} // nil if nothing is shown
}

func newProgress(total int, show bool) *progress {
	p := &progress{total: int64(total)}
	if show && isTerminal(stderr.file) {
		p.stop, p.done = make(chan struct{}), make(chan struct{})
		go p.run(p.stop)
	}
	return p
}

func (p *progress) add(n int) { p.n.Add(int64(n)) }

// end removes the progress. A second end does nothing.
func (p *progress) end() {
	if p.stop != nil {
		close(p.stop)
		<-p.done
		p.stop = nil
	}
}

// run shows the count, with the rate of the last second.
func (p *progress) run(stop chan struct{}) {
	defer close(p.done)
	defer stderr.show("")
	type mark struct {
		at time.Time
		n  int64
	}
	var marks [progressAfter / progressEvery]mark
	for i := range marks {
		marks[i].at = time.Now()
	}
	ticks := time.NewTicker(progressEvery)
	defer ticks.Stop()
	for i := 1; ; i++ {
		select {
		case <-stop:
			return
		case <-ticks.C:
		}
		now := mark{time.Now(), p.n.Load()}
		before := &marks[i%len(marks)]
		rate := float64(now.n-before.n) / now.at.Sub(before.at).Seconds()
		*before = now
		if i >= len(marks) {
			stderr.show(progressLine(now.n, p.total, rate, stderr.columns()))
		}
	}
}

// progressLine returns as much of a count of messages, and its rate per second,
// as fits into a line.
func progressLine(n, total int64, rate float64, columns int) string {
	fields := []string{short(float64(n)) + " msgs", short(rate) + "/s"}
	if total > 0 {
		fields = []string{short(float64(n)) + "/" + short(float64(total)) + " msgs",
			fmt.Sprintf("%d%%", n*100/total), short(rate) + "/s"}
		if left := float64(total-n) / rate; left < 100*3600 {
			fields = append(fields, (time.Duration(math.Ceil(left))*time.Second).String()+" left")
		}
	}
	line := ""
	for i, f := range fields {
		if i > 0 {
			f = "  " + f
		}
		if len(line)+len(f) >= columns { // the last column is for the cursor
			break
		}
		line += f
	}
	return line
}

// short returns a number in at most six characters, such as 9999, 12.3k and 10.0M.
func short(n float64) string {
	if n < 9999.5 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	for _, unit := range "kMG" {
		if n /= 1000; n < 999.95 {
			return strconv.FormatFloat(n, 'f', 1, 64) + string(unit)
		}
	}
	return strconv.FormatFloat(n/1000, 'f', 0, 64) + "T"
}
