// SPDX-License-Identifier: BSD-2-Clause

// Demo sends messages over every pattern and transport that the package and
// the installed libzmq have, checks each one of them where it arrives, and
// prints a table of what went through and how fast.
//
//	go run ./examples/demo
//	go run ./examples/demo -n 1000 -run 'tcp|ipc'
//
// It ends with status 1 if any message was lost, wrong or out of order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"

	"github.com/seed45097122/zmq4"
)

// A row is one line of the table: a pattern over a transport.
type row struct {
	pattern   string
	transport transport
	n         int
	run       func(*exchange) error
}

func (r row) name() string { return r.pattern + " " + r.transport.name }

// rows lists everything that the demo does. If n is not 0, it replaces the
// number of messages of each row.
func rows(n int) []row {
	patterns := []struct {
		name string
		n    int
		run  func(*exchange) error
	}{
		{"REQ/REP", 5_000, reqRep},
		{"PUB/SUB", 100_000, pubSub},
		{"PUSH/PULL", 100_000, pushPull},
		{"ROUTER/DEALER", 50_000, routerDealer},
		{"PAIR", 50_000, pair},
	}
	var all []row
	for _, p := range patterns {
		for _, t := range []transport{tcp, ipc, inproc, curve} {
			all = append(all, row{p.name, t, p.n, p.run})
		}
	}
	all = append(all,
		row{"PUB/SUB", epgm, 5_000, multicast},
		row{"PUB/SUB", norm, 500, multicast},
	)
	if n != 0 {
		for i := range all {
			all[i].n = n
		}
	}
	return all
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	n := flags.Int("n", 0, "send this `number` of messages in each row (default depends on the pattern)")
	size := flags.Int("size", 256, "size of a message in `bytes`, at least 8")
	filter := flags.String("run", "", "run only rows whose name, such as \"PUB/SUB tcp\", matches this `regexp`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	match, err := regexp.Compile("(?i)" + *filter)
	if err == nil && *n < 0 {
		err = errors.New("-n must not be negative")
	}
	if err == nil && *size < minSize {
		err = fmt.Errorf("-size must be at least %d", minSize)
	}
	var chosen []row
	if err == nil {
		for _, r := range rows(*n) {
			if match.MatchString(r.name()) {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == 0 {
			err = errors.New("-run matches no row")
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}

	// PGM would warn between the lines of the table that the loopback
	// interface is one.
	if os.Getenv("PGM_MIN_LOG_LEVEL") == "" {
		if err := os.Setenv("PGM_MIN_LOG_LEVEL", "ERROR"); err != nil {
			fmt.Fprintln(stderr, "demo:", err)
			return 1
		}
	}

	// Sockets of the ipc transport are files.
	dir, err := os.MkdirTemp("", "zmq4-demo-")
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(stderr, "demo:", err)
			status = 1
		}
	}()

	major, minor, patch := zmq4.Version()
	fmt.Fprintf(stdout, "libzmq %d.%d.%d, %s %s/%s, %d CPUs\n\n",
		major, minor, patch, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return table(ctx, chosen, *size, dir, stdout)
}

// table runs the rows and prints a line for each as soon as it is done. It ends
// early when ctx is done.
func table(ctx context.Context, rows []row, size int, dir string, w io.Writer) int {
	const head, line = "%-14s %-9s %9s %9s %9s %9s %8s  %s\n", "%-14s %-9s %9d %9d %7.2f s %9.0f %8.1f  %s\n"
	fmt.Fprintf(w, head, "PATTERN", "TRANSPORT", "MESSAGES", "BYTES", "TIME", "MSG/S", "MB/S", "STATUS")
	var passed, failed, skipped, messages int
	for _, r := range rows {
		why := r.transport.missing()
		if limit := r.transport.maxSize; why == "" && limit > 0 && size > limit {
			why = fmt.Sprintf("libzmq may hang for messages of more than %d bytes", limit)
		}
		if why != "" {
			skipped++
			fmt.Fprintf(w, head, r.pattern, r.transport.name, "-", "-", "-", "-", "-", "skipped: "+why)
			continue
		}
		x := &exchange{transport: r.transport, n: r.n, size: size, dir: dir}
		err := x.perform(ctx, r.run)
		if ctx.Err() != nil {
			break // this row has no result
		}
		status := "ok"
		if err != nil {
			failed++
			status = "FAIL: " + err.Error()
		} else {
			passed++
		}
		count := int(x.checked.Load())
		messages += count
		seconds := max(x.elapsed, time.Microsecond).Seconds()
		fmt.Fprintf(w, line, r.pattern, r.transport.name, count, size, seconds,
			float64(count)/seconds, float64(count)*float64(size)/seconds/1e6, status)
	}
	fmt.Fprintf(w, "\n%d rows: %d ok, %d failed, %d skipped; %d messages arrived and were checked\n",
		len(rows), passed, failed, skipped, messages)
	if failed > 0 {
		return 1
	}
	return 0
}
