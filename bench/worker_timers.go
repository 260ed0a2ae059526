// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"slices"
	"time"
)

const (
	period = time.Millisecond // of the timers that are measured
	burst  = 10               // messages that the waiter gets at each timer
)

// percentile returns the value that p percent of the sorted values do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max((len(sorted)*p+99)/100-1, 0)]
}

// timers measures how late timers fire, while a goroutine waits for messages and each timer sends some.
func (w *worker) timers() error {
	next := map[string]func() func() time.Duration{"Ticker": ticker, "AfterFunc": afterFunc}[w.typ]
	if next == nil {
		return fmt.Errorf("no timer %q", w.typ)
	}
	total := w.warmup + w.count
	send, received, err := w.waiter(burst * total)
	if err != nil {
		return err
	}
	wait := next()
	all := make([]time.Duration, total)
	var from mark
	for i := range all {
		if i == w.warmup {
			from = takeMark()
		}
		all[i] = wait()
		if err := send(); err != nil {
			return err
		}
	}
	to := takeMark()
	if err := <-received; err != nil {
		return err
	}
	late := all[w.warmup:]
	slices.Sort(late)
	w.result(from, to, fmt.Sprintf(" p50=%d p90=%d", percentile(late, 50), percentile(late, 90)))
	return nil
}

// ticker returns a function that waits for the next tick, and returns how late it is.
func ticker() func() time.Duration {
	tick := time.NewTicker(period)
	// The time that the channel gives is when the tick was due.
	return func() time.Duration { return time.Since(<-tick.C) }
}

// afterFunc returns a function that starts a timer, and returns how late its function is called.
func afterFunc() func() time.Duration {
	late := make(chan time.Duration)
	return func() time.Duration {
		start := time.Now()
		time.AfterFunc(period, func() { late <- time.Since(start) - period })
		return <-late
	}
}

// waiter starts the goroutine that waits for n messages beside the timers. It returns how to send a
// burst of them, and what tells when all have been received.
func (w *worker) waiter(n int) (send func() error, received <-chan error, err error) {
	done := make(chan error, 2)
	if w.peer == "nothing" {
		done <- nil
		return func() error { return nil }, done, nil
	}
	s, out, err := w.pair("PULL", "PUSH")
	if err != nil {
		return nil, nil, err
	}
	want := message{1, w.size}
	switch w.peer {
	case "a receiver":
		go func() { done <- s.receive(want, n) }()
	case "a Poller":
		next, err := w.library.poll([]socket{s}, true)
		if err != nil {
			return nil, nil, err
		}
		go func() {
			var err error
			for i := 0; i < n && err == nil; i++ {
				err = next()
			}
			done <- err
		}()
	case "a Proxy":
		in, back, err := w.pair("PULL", "PUSH")
		if err != nil {
			return nil, nil, err
		}
		go func() { done <- w.library.proxy(s, back) }()
		go func() { done <- in.receive(want, n) }()
	default:
		return nil, nil, fmt.Errorf("no waiter %q", w.peer)
	}
	payload := w.payload()
	return func() error { return out.send(payload, burst) }, done, nil
}
