// SPDX-License-Identifier: BSD-2-Clause

// Version prints which libzmq the program runs with, and what that can do.
//
// What a libzmq lacks is no error before it is used. A program that needs
// something asks for it at its start:
//
//	go run ./examples/version
//	go run ./examples/version curve pgm
//
// The second form ends with status 1 if libzmq lacks one of these.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/seed45097122/zmq4"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: version [capability ...]")
	}
	flag.Parse()

	major, minor, patch := zmq4.Version()
	fmt.Printf("libzmq %d.%d.%d\n", major, minor, patch)
	for _, c := range []string{"ipc", "pgm", "norm", "tipc", "vmci", "WS", "WSS", "curve", "gssapi", "draft"} {
		fmt.Printf("%-6s %t\n", c, zmq4.Has(c))
	}
	for _, c := range flag.Args() {
		if !zmq4.Has(c) {
			fmt.Fprintln(os.Stderr, "version: this libzmq has no", c)
			os.Exit(1)
		}
	}
}
