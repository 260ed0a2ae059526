// SPDX-License-Identifier: BSD-2-Clause

package examples

import "testing"

func TestHello(t *testing.T) {
	t.Parallel()
	hello := start(t, "hello")
	hello.expect(`^Hello, world$`)
	hello.wait()
}

// Package demo has more tests.
func TestDemo(t *testing.T) {
	t.Parallel()
	demo := start(t, "demo", "-n", "10", "-run", "inproc")
	demo.expect(`^REQ/REP +inproc +20 .* ok$`)
	demo.expect(`^5 rows: 5 ok, 0 failed, 0 skipped; `)
	demo.wait()
}
