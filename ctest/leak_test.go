// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"os"
	"strings"
	"testing"
)

func TestLeakCheckCopied(t *testing.T) {
	root, err := os.ReadFile("../leak_test.go")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("leak.go")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Replace(string(own), "package ctest", "package zmq4", 1) != string(root) {
		t.Error("leak.go and leak_test.go of the root are not the same")
	}
}
