// SPDX-License-Identifier: BSD-2-Clause

//go:build zmq4_lockorder

package zmq4

import "testing"

// The build with the tag finds what breaks the order of locks.
func TestLockOrder(t *testing.T) {
	var (
		poller pollerLock
		first  socketLock
		second socketLock
		park   parkerLock
		list   leasesLock
		names  authLock
	)
	for _, test := range []struct {
		name   string
		panics bool
		f      func()
	}{
		{"down", false, func() { poller.Lock(); first.Lock(); second.Lock(); park.Lock(); list.Lock() }},
		{"up", true, func() { park.Lock(); first.Lock() }},
		{"leaves", true, func() { list.Lock(); names.RLock() }},
		{"try", false, func() { park.Lock(); first.TryLock() }},
		{"unlock", true, func() { first.Unlock() }},
	} {
		done := make(chan bool)
		go func() { // whose locks nobody else has
			defer func() { done <- recover() != nil }()
			test.f()
		}()
		if got := <-done; got != test.panics {
			t.Errorf("%s: panics %v", test.name, got)
		}
		poller, first, second, park, list, names = pollerLock{}, socketLock{}, socketLock{}, parkerLock{}, leasesLock{}, authLock{}
	}
}
