// SPDX-License-Identifier: BSD-2-Clause

// Package ctest tests zmq4 from the outside, by its real import path: against
// programs in C over plain libzmq, against pyzmq and JeroMQ, and against the
// constants and struct sizes of the installed zmq.h. The tests in gozeromq, a
// module of its own, do so with a library in pure Go.
//
// What is in the package itself is shared by those tests: the messages that
// they exchange, and [Player], which plays one side of an exchange. peer.c,
// peer.py and Peer.java play the other side. They take the same arguments:
//
//	peer TYPE bind|connect ENDPOINT ROLE COUNT [SECURITY...]
//
// and print "endpoint ..." when they are ready and, once their stdin is closed,
// "ok" when all is done.
package ctest
