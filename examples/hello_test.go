// SPDX-License-Identifier: BSD-2-Clause

package examples

import "testing"

func TestHello(t *testing.T) {
	t.Parallel()
	hello := start(t, "hello")
	hello.expect(`^Hello, world$`)
	hello.wait()
}
