// SPDX-License-Identifier: BSD-2-Clause

//go:build race

package zmq4

const raceEnabled = true
