// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"os"
)

func main() {
	err := workerMain(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
