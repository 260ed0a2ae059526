// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs the examples of README.md. Each has ports of its own there:
// here they are names in a directory.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?ms)^## ([^\n]*)$|^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	section, n := "", 0
	for _, e := range examples {
		if e[1] != "" {
			section = e[1]
			continue
		}
		n++
		t.Run(section, func(t *testing.T) {
			dir := t.TempDir()
			script := regexp.MustCompile(`tcp://127\.0\.0\.1:(\d+)`).ReplaceAllString(e[2], "ipc://"+dir+"/$1")
			var want strings.Builder
			for line := range strings.Lines(e[2]) {
				if out, ok := strings.CutPrefix(line, "#> "); ok {
					want.WriteString(out)
				}
			}
			if want.Len() == 0 {
				t.Fatal("the example does not say what it prints")
			}
			c := exec.CommandContext(t.Context(), "bash", "-mc", "set -e\n"+script)
			c.Dir = dir
			c.Stderr = os.Stderr
			got, err := c.Output()
			if err != nil || string(got) != want.String() {
				t.Errorf("%v, prints:\n%swant:\n%s", err, got, &want)
			}
		})
	}
	if n < 5 {
		t.Errorf("%d examples found", n)
	}
}
