// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupKey is the annotation of a flag with the group that help shows it in.
const groupKey = "group"

// group adds flags to a command, in a group of that name.
func group(cmd *cobra.Command, name string, add func(p *pflag.FlagSet)) {
	p := pflag.NewFlagSet(name, pflag.ContinueOnError)
	p.SortFlags = false
	add(p)
	p.VisitAll(func(f *pflag.Flag) { f.Annotations = map[string][]string{groupKey: {name}} })
	cmd.Flags().SortFlags = false
	cmd.Flags().AddFlagSet(p)
}

// groups returns the flags of a command in groups, in the order of the first of each.
func groups(cmd *cobra.Command) (names []string, flags map[string]*pflag.FlagSet) {
	flags = map[string]*pflag.FlagSet{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		name := strings.Join(f.Annotations[groupKey], "")
		if name == "" {
			name = "Flags"
		}
		if flags[name] == nil {
			names = append(names, name)
			flags[name] = pflag.NewFlagSet(name, pflag.ContinueOnError)
			flags[name].SortFlags = false
		}
		flags[name].AddFlag(f)
	})
	return names, flags
}

// usage writes how a command is used, as cobra does, but with flags in groups.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	io.WriteString(w, "Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s [command]\n", cmd.CommandPath())
	}
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(w, "\nAliases:\n  %s\n", cmd.NameAndAliases())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		io.WriteString(w, "\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	names, flags := groups(cmd)
	for _, name := range names {
		fmt.Fprintf(w, "\n%s:\n%s", name, flags[name].FlagUsagesWrapped(80))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nUse \"%s [command] --help\" for more about a command.\n", cmd.CommandPath())
	}
	return nil
}
