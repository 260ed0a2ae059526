// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestIndex compares the index, README.md, with the programs that there are,
// each of which says how to run it.
func TestIndex(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}

	// Each link leads somewhere.
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllSubmatch(index, -1) {
		target, _, _ := strings.Cut(string(link[1]), "#")
		if target == "" || strings.Contains(target, "://") {
			continue
		}
		if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
			t.Errorf("the index has a link to nothing: %v", err)
		}
	}

	// Each program has one row, which says something.
	rows := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| \[([^\]]+)\]\(([^)]+)\) \| (.*) \|$`).FindAllStringSubmatch(string(index), -1) {
		name, target, text := row[1], row[2], row[3]
		if name != target {
			t.Errorf("the row of %s leads to %s", name, target)
		}
		if strings.TrimSpace(text) == "" {
			t.Errorf("the row of %s says nothing", name)
		}
		rows[name]++
	}
	names := programs()
	for _, name := range names {
		source, err := os.ReadFile(filepath.Join(filepath.FromSlash(name), "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		comment, _, _ := strings.Cut(string(source), "\npackage main")
		if !strings.Contains(comment, "\n//\tgo run ./examples/"+name) && !strings.Contains(comment, "for how to run it") {
			t.Errorf("%s does not say how to run it", name)
		}
		if rows[name] != 1 {
			t.Errorf("%s has %d rows in the index, want 1", name, rows[name])
		}
	}
	for name := range rows {
		if !slices.Contains(names, name) {
			t.Errorf("the index has a row of %s, which is no program", name)
		}
	}
	if len(names) == 0 {
		t.Error("there are no programs")
	}
}
