// SPDX-License-Identifier: BSD-2-Clause

/*
Command zmq4 sends and receives ZeroMQ messages from the shell, over any transport
and with any security, as nc and curl do for TCP and HTTP.

Install it with

	go install github.com/seed45097122/zmq4/cmd/zmq4@latest

which needs cgo, a C compiler, pkg-config and libzmq with its headers. In two
terminals:

	zmq4 receive tcp://127.0.0.1:5555
	zmq4 send tcp://127.0.0.1:5555 hello world

The commands are send, receive, request, reply, publish, subscribe, talk, proxy,
monitor, keygen and bench. Each has examples in its help, such as

	zmq4 publish --help

The exit code is 0 if all went well, 1 for an error, 2 for a command line that is
wrong, 3 when --timeout or --linger is over, and 130 after Ctrl-C.
*/
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes. A signal gives 128 and its number.
const (
	exitError   = 1
	exitUsage   = 2
	exitTimeout = 3
	exitSignal  = 128
)

func main() { os.Exit(run()) }

func run() int {
	root := newRoot()
	if len(os.Args) > 1 && os.Args[1] == cobra.ShellCompRequestCmd {
		describeFlags(root)
	}

	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	var failed *failure
	if !errors.As(err, &failed) {
		warnf("%v", err)
		fmt.Fprintf(stderr, "See '%s --help'.\n", cmd.CommandPath())
		return exitUsage
	}
	var sig signalError
	switch {
	case errors.As(err, &sig):
		return exitSignal + int(sig.Signal)
	case errors.Is(err, context.DeadlineExceeded):
		warnf("%v", err)
		return exitTimeout
	}
	warnf("%v", err)
	return exitError
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "zmq4",
		Short: "Send and receive ZeroMQ messages",
		Long: `Send and receive ZeroMQ messages over any transport and with any security.

The exit code is 0 if all went well, 1 for an error, 2 for a command line that
is wrong, 3 when --timeout or --linger is over, 130 after Ctrl-C.`,
		Example: `  zmq4 receive tcp://127.0.0.1:5555
  zmq4 send tcp://127.0.0.1:5555 hello world`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetUsageFunc(usage)
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(newSend(), newReceive(), newRequest(), newReply(), newPublish(), newSubscribe(),
		newTalk(), newProxy(), newMonitor(), newKeygen(), newBench())
	return root
}

// describeFlags makes the usage of all flags fit for completion, which shows one
// line of it, with the quotes around the name of the value.
func describeFlags(cmd *cobra.Command) {
	plain := strings.NewReplacer("`", "", "\n", " ")
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = plain.Replace(f.Usage) })
	for _, sub := range cmd.Commands() {
		describeFlags(sub)
	}
}

// A failure is an error of a command that began: any other is one of usage.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// A signalError is the signal that ended a command.
type signalError struct{ syscall.Signal }

func (e signalError) Error() string { return e.Signal.String() }

// A usageError is one that a command itself finds in its command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// fail returns the error of a command, which is one of usage or a failure.
func fail(err error) error {
	var usage usageError
	if err == nil || errors.As(err, &usage) {
		return err
	}
	return &failure{err}
}

// warnf writes a line to standard error.
func warnf(format string, args ...any) {
	fmt.Fprintln(stderr, "zmq4: "+strings.TrimPrefix(fmt.Sprintf(format, args...), "zmq4: "))
}

// release is the version of a binary that make release has built.
var release string

func version() string {
	own := "(devel)"
	if release != "" {
		own = release
	} else if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		own = info.Main.Version
	}
	major, minor, patch := zmq4.Version()
	s := fmt.Sprintf("zmq4 %s, libzmq %d.%d.%d", own, major, minor, patch)
	for _, name := range []string{"ipc", "tipc", "pgm", "norm", "ws", "wss", "curve", "gssapi", "draft"} {
		if zmq4.Has(name) || zmq4.Has(strings.ToUpper(name)) { // as libzmq calls ws and wss
			s += " " + name
		}
	}
	return s
}
