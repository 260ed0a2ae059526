// SPDX-License-Identifier: BSD-2-Clause

//go:build zmq4_lockorder

package zmq4

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// The size of the array is the rank of a lock: see lock.go.
type (
	reactorLock     = ordered[[1]byte]
	pollerLock      = ordered[[2]byte]
	socketLock      = ordered[[3]byte]
	zapLock         = ordered[[4]byte]
	contextLock     = orderedRW[[5]byte]
	startLock       = ordered[[6]byte]
	startingLock    = ordered[[7]byte]
	inprocNamesLock = ordered[[8]byte]
	socketListLock  = ordered[[9]byte]
	pollQueueLock   = ordered[[10]byte]
	parkerLock      = ordered[[11]byte]

	authLock    = orderedRW[[12]byte]
	channelLock = ordered[[12]byte]
	alarmsLock  = ordered[[12]byte]
	leasesLock  = ordered[[12]byte]
	turnLock    = ordered[[12]byte]
)

const socketRank, zapRank = 3, 4

// held are the ranks of the locks that each goroutine has, in the order in which it took them.
var held = struct {
	sync.Mutex
	by map[string][]int
}{by: make(map[string][]int)}

type ordered[R any] struct{ mu sync.Mutex }

func (l *ordered[R]) Lock() {
	noteLock(int(unsafe.Sizeof(*new(R))), true)
	l.mu.Lock()
}

// TryLock waits for nobody, and may come in any order.
func (l *ordered[R]) TryLock() bool {
	ok := l.mu.TryLock()
	if ok {
		noteLock(int(unsafe.Sizeof(*new(R))), false)
	}
	return ok
}

func (l *ordered[R]) Unlock() {
	noteUnlock(int(unsafe.Sizeof(*new(R))))
	l.mu.Unlock()
}

type orderedRW[R any] struct{ mu sync.RWMutex }

func (l *orderedRW[R]) Lock() {
	noteLock(int(unsafe.Sizeof(*new(R))), true)
	l.mu.Lock()
}

func (l *orderedRW[R]) Unlock() {
	noteUnlock(int(unsafe.Sizeof(*new(R))))
	l.mu.Unlock()
}

func (l *orderedRW[R]) RLock() {
	noteLock(int(unsafe.Sizeof(*new(R))), true)
	l.mu.RLock()
}

func (l *orderedRW[R]) RUnlock() {
	noteUnlock(int(unsafe.Sizeof(*new(R))))
	l.mu.RUnlock()
}

// noteLock panics if the goroutine has a lock that comes after this one.
func noteLock(rank int, check bool) {
	g := goroutine()
	held.Lock()
	defer held.Unlock()
	have := held.by[g]
	for _, other := range have {
		allowed := other < rank || rank == socketRank && (other == socketRank || slices.Contains(have, zapRank))
		if check && !allowed {
			panic(fmt.Sprintf("zmq4: a lock of rank %d is taken after one of rank %d", rank, other))
		}
	}
	held.by[g] = append(have, rank)
}

func noteUnlock(rank int) {
	g := goroutine()
	held.Lock()
	defer held.Unlock()
	have := held.by[g]
	i := slices.Index(have, rank)
	if i < 0 {
		panic(fmt.Sprintf("zmq4: a lock of rank %d is unlocked by a goroutine that does not have it", rank))
	}
	if have = slices.Delete(have, i, i+1); len(have) > 0 {
		held.by[g] = have
	} else {
		delete(held.by, g)
	}
}

// goroutine returns the number of this goroutine.
func goroutine() string {
	var buf [64]byte
	name := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(name, []byte(" "))
	return string(number)
}
