// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"sync"
	"time"
)

// foldFor is how long a fold holds back a line that repeats.
const foldFor = 10 * time.Second

// A fold is a log. It writes a line that repeats once, and later how often it came
// again: before the next new line, every foldFor, and at the end.
type fold struct {
	print func(line string)

	mu       sync.Mutex
	repeated []*repeat
}

// A repeat is a line that may come again.
type repeat struct {
	key  string
	told time.Time
	n    int // times it came since
}

// add writes a line with the time. If it wrote one with the same key lately, it counts
// the line instead. A line with an empty key is always written, and begins anew.
func (f *fold) add(key, line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for _, r := range f.repeated {
		if r.key != key || r.n == 0 && now.Sub(r.told) >= foldFor {
			continue
		}
		if r.n++; now.Sub(r.told) >= foldFor {
			f.tell(now)
		}
		return
	}
	f.tell(now)
	f.print(stamp(now) + line)
	if key == "" {
		f.repeated = nil
		return
	}
	f.repeated = append(f.repeated, &repeat{key: key, told: now})
}

// end writes what was held back.
func (f *fold) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(time.Now())
}

// tell writes how often lines came again, and forgets those that no longer do.
func (f *fold) tell(now time.Time) {
	kept := f.repeated[:0]
	for _, r := range f.repeated {
		if r.n > 0 {
			times := "again"
			if r.n > 1 {
				times = fmt.Sprintf("%d more times", r.n)
			}
			f.print(stamp(now) + r.key + " (" + times + ")")
			r.n, r.told = 0, now
		}
		if now.Sub(r.told) < foldFor {
			kept = append(kept, r)
		}
	}
	f.repeated = kept
}

// stamp is the time at the beginning of a line.
func stamp(t time.Time) string { return t.Format("15:04:05.000 ") }
