// SPDX-License-Identifier: BSD-2-Clause

// Package examples has short examples of package zmq4, to be copied, and no
// code of its own. Each folder below is a program; the tests here run them,
// together with their partners.
package examples
