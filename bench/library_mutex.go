// SPDX-License-Identifier: BSD-2-Clause

package main

import "sync"

func init() {
	libraries["zmq4-mutex"] = mutexLibrary{&zmq4Library{}}
	libraries["pebbe-mutex"] = mutexLibrary{&pebbeLibrary{}}
}

// mutexLibrary has sockets with a mutex, as programs put them around sockets that goroutines share.
type mutexLibrary struct{ library }

type mutexSocket struct {
	socket
	mu sync.Mutex
}

func (l mutexLibrary) socket(typ string, o socketOptions) (socket, error) {
	s, err := l.library.socket(typ, o)
	return &mutexSocket{socket: s}, err
}

// each calls f n times, each time with the mutex.
func (s *mutexSocket) each(n int, f func() error) error {
	for range n {
		s.mu.Lock()
		err := f()
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *mutexSocket) send(parts [][]byte, n int) error {
	return s.each(n, func() error { return s.socket.send(parts, 1) })
}

func (s *mutexSocket) receive(want message, n int) error {
	return s.each(n, func() error { return s.socket.receive(want, 1) })
}
