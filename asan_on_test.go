// SPDX-License-Identifier: BSD-2-Clause

//go:build asan

package zmq4

const asanEnabled = true
