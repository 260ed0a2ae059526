// SPDX-License-Identifier: BSD-2-Clause

// Package model tests zmq4 by random calls.
//
// A seed decides everything but what the scheduler decides: which sockets there
// are, and which operations a few goroutines do with them. There are two modes:
//
//   - chaos: anything goes. Sockets and contexts end at any moment. No call may
//     abort, panic, hang, or return an error that no call should return; no
//     message may be torn, come twice, or come although its send failed.
//   - strict: nothing is done that may lose messages. Each one comes, once, and
//     in order.
//
// In both, nothing may be left when all contexts are terminated: no goroutine,
// no descriptor, no memory.
//
// Each seed runs in a process of its own, since libzmq's assertions end the
// process. The process logs its operations in a file, which the parent prints
// when something was wrong, with the command that does the same again.
//
//	make model                  fixed seeds, as .ci/run does
//	make model MODEL=30m        new seeds for half an hour
//	go test ./ctest/model -model.seeds=17 -model.mode=chaos -model.minimise
//
// The files: model.go knows what may be lost; world.go has the sockets and the
// goroutines; styles.go the ways to send and to receive; ops.go the table of
// operations of chaos; strict.go the exchanges of strict; run.go the processes;
// ring.go the log.
package model
