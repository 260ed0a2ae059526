// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"testing"
	"time"
)

// cpuTime is not known here: tests that bound it always pass.
func cpuTime(testing.TB) time.Duration { return 0 }

func keepAlarms() {}
