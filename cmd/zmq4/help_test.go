// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands calls a function with all commands, but those that cobra adds.
func commands(cmd *cobra.Command, each func(*cobra.Command)) {
	each(cmd)
	for _, sub := range cmd.Commands() {
		commands(sub, each)
	}
}

// The help of each command has flags in groups and examples, and fits a terminal.
func TestHelp(t *testing.T) {
	commands(newRoot(), func(cmd *cobra.Command) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			if cmd.Example == "" {
				t.Error("there is no example")
			}
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if len(f.Annotations[groupKey]) == 0 {
					t.Errorf("--%s is in no group", f.Name)
				}
			})
			args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
			help, err := exec.Command("zmq4", args...).Output()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(help)) {
				if len(line) > 81 {
					t.Errorf("%q is longer than 80 characters", line)
				}
			}
			if !strings.Contains(string(help), "\nOutput:\n") && cmd.Flags().Lookup("quiet") != nil {
				t.Errorf("flags are not in groups:\n%s", help)
			}
		})
	})
}

// The examples in the help have flags and arguments that their commands take.
func TestHelpExamples(t *testing.T) {
	commands(newRoot(), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			if _, after, ok := strings.Cut(line, " | "); ok && strings.Contains(after, "zmq4 ") {
				line = after
			}
			words := shellWords(strings.TrimSpace(line))
			if len(words) == 0 || words[0] != "zmq4" {
				continue // says what the next one is for
			}
			root := newRoot() // with flags that have not been set
			found, args, err := root.Find(words[1:])
			if err == nil && found.CommandPath() != cmd.CommandPath() && cmd.HasParent() && !cmd.HasSubCommands() {
				t.Errorf("%s: is not about %s", line, cmd.Name())
			}
			if err == nil {
				err = found.ParseFlags(args)
			}
			if err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s%v", line, err)
			}
		}
	})
}

// shellWords splits a line at blanks that are not in single quotes.
func shellWords(line string) (words []string) {
	quoted, word, begun := false, "", false
	for _, r := range line + " " {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				words = append(words, word)
			}
			word, begun = "", false
		default:
			word, begun = word+string(r), true
		}
	}
	return words
}
