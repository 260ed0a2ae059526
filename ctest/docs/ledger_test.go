// SPDX-License-Identifier: BSD-2-Clause

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	ledger "github.com/seed45097122/zmq4/ctest/fence"
)

// mark is how a fence names the faults that it is against, as in "Fence Z007, Z012."
var mark = regexp.MustCompile(`\bFence (Z\d{3}(?:, Z\d{3})*)\.`)

// marks returns the files of the package that name a fault.
func marks(t *testing.T) map[string][]string {
	found := make(map[string][]string)
	for _, pattern := range []string{"*.go", "*.h"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range mark.FindAllStringSubmatch(string(source), -1) {
				for number := range strings.SplitSeq(m[1], ", ") {
					found[number] = append(found[number], filepath.Base(file))
				}
			}
		}
	}
	return found
}

// TestLedger compares docs/libzmq.md with the code: each fault against which there
// is a fence is named where the fence is, and no other. What the cases of the ledger
// show, package fence tests; that its tests are there, TestPages.
func TestLedger(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/libzmq.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := ledger.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	found := marks(t)
	for _, row := range rows {
		switch files := found[row.Number]; {
		case row.Fenced() && len(files) == 0:
			t.Errorf("%s, %q: no code says \"Fence %[1]s.\"", row.Number, row.Here)
		case !row.Fenced() && len(files) > 0:
			t.Errorf("%s, %q: but there is a fence in %v", row.Number, row.Here, files)
		}
		if row.Fenced() && len(row.Cases) == 0 && !test.MatchString(row.Proof) {
			t.Errorf("%s: nothing proves the fence", row.Number)
		}
	}
	for number, files := range found {
		if !slices.ContainsFunc(rows, func(r ledger.Row) bool { return r.Number == number }) {
			t.Errorf("%s of %v has no row", number, files)
		}
	}
}
