// SPDX-License-Identifier: BSD-2-Clause

//go:build zmq4_noguess

package zmq4

const guessing = false
