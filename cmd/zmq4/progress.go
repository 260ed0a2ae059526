// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressAfter is how long a transfer takes before it shows its progress.
const progressAfter = time.Second

// A progress counts messages on standard error, if that is a terminal.
type progress struct {
	bar   *progressbar.ProgressBar // nil to show nothing
	began time.Time
	n     int
}

// newProgress counts to total, or without end if it is 0.
func newProgress(total int, show bool) *progress {
	p := &progress{began: time.Now()}
	if !show || !isTerminal(os.Stderr) {
		return p
	}
	if total == 0 {
		total = -1
	}
	p.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetRenderBlankState(false),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("msg"),
		progressbar.OptionClearOnFinish(),
	)
	p.bar.StartWithoutRender() // or it would count the time from the first add that it hears of
	return p
}

func (p *progress) add(n int) {
	p.n += n
	if p.bar != nil && time.Since(p.began) > progressAfter {
		p.bar.Set(p.n)
	}
}

// end removes what was shown.
func (p *progress) end() {
	if p.bar != nil && time.Since(p.began) > progressAfter {
		p.bar.Clear()
	}
}
