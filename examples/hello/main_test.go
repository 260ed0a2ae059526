// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"os"
	"strings"
	"testing"
)

func Example() {
	main()
	// Output: Hello, world
}

// TestREADME keeps the program in the README the one that is tested here.
func TestREADME(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, ok := strings.Cut(string(source), "package main")
	if !ok || !strings.Contains(string(readme), "```go\npackage main"+program+"```\n") {
		t.Error("README.md does not have the program of examples/hello/main.go")
	}
}
