// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// socketFlags are the flags of all commands that use sockets.
type socketFlags struct {
	security

	bind, connect  bool
	timeout        time.Duration
	linger         time.Duration
	identity       string
	hwm            int
	options        []string
	verbose, quiet bool

	endpoints []string // that were attached to, for errors
}

func (f *socketFlags) register(cmd *cobra.Command) {
	group(cmd, "Connection", func(p *pflag.FlagSet) {
		p.BoolVarP(&f.bind, "bind", "b", false, "bind to the endpoints")
		p.BoolVarP(&f.connect, "connect", "c", false, "connect to the endpoints")
	})
	cmd.MarkFlagsMutuallyExclusive("bind", "connect")
	f.registerSession(cmd)
}

// registerSession adds the flags but those that say whether to bind.
func (f *socketFlags) registerSession(cmd *cobra.Command) {
	group(cmd, "Connection", func(p *pflag.FlagSet) {
		p.DurationVar(&f.timeout, "timeout", 0, "end with exit code 3 after this `time`; 0 for no limit")
		p.DurationVar(&f.linger, "linger", -1, "`time` to deliver messages at the end; 0 drops them (default that of --timeout, and 1s after Ctrl-C or an error)")
		p.Lookup("linger").DefValue = "0s" // which is not shown
		p.StringVar(&f.identity, "id", "", "routing `id` of the socket")
		p.IntVar(&f.hwm, "hwm", -1, "high-water marks, in `messages`; 0 for no limit (default 1000)")
		p.Lookup("hwm").DefValue = "0"
		p.StringArrayVarP(&f.options, "opt", "o", nil, "set an option of the socket, `option=value`, such as reconnect-ivl=1s")
	})
	f.security.register(cmd)
	group(cmd, "Output", func(p *pflag.FlagSet) {
		p.BoolVarP(&f.verbose, "verbose", "v", false, "show endpoints and connections on standard error")
		p.BoolVarP(&f.quiet, "quiet", "q", false, "show neither warnings nor progress")
		p.BoolP("help", "h", false, "show this help")
	})
	cmd.MarkFlagsMutuallyExclusive("verbose", "quiet")
	cmd.RegisterFlagCompletionFunc("opt", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names := slices.Sorted(maps.Keys(setters()))
		for i := range names {
			names[i] += "="
		}
		return names, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return []string{"tcp://", "ipc://", "epgm://", "norm://"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
}

// open makes a socket and attaches it to endpoints. The default for those
// without a prefix and for commands without --bind or --connect is bind.
func (s *session) open(t zmq4.Type, bind bool, list ...string) (*zmq4.Socket, error) {
	if s.bind || s.connect {
		bind = s.bind
	}
	ends, err := parseEndpoints(list, bind)
	if err != nil {
		return nil, err
	}
	secure, err := s.secure()
	if err != nil {
		return nil, err
	}
	soc, err := s.newSocket(t, secure)
	if err != nil {
		return nil, err
	}

	fatal, waits := true, false
	for _, e := range ends {
		if strings.HasPrefix(e.address, "inproc://") && !s.oneProcess {
			return nil, usagef("%s: inproc is for the sockets of one process; use tcp or ipc", e.address)
		}
		fatal = fatal && !e.bind
		if !e.bind && e.handshakes(t) {
			s.awaited++
			waits = true
		}
		s.endpoints = append(s.endpoints, e.address)
	}
	alone := time.AfterFunc(progressAfter, func() {
		if waits && s.show == nil && !s.quiet && !s.verbose && isTerminal(os.Stderr) {
			warnf("waiting for a connection to %s", strings.Join(list, ", "))
		}
	})
	w := &watch{session: s, of: t, fatal: fatal, alone: alone}
	go w.run(soc.Events(s.ctx, zmq4.EVENT_ALL))
	for _, e := range ends {
		if err := s.attach(e, soc); err != nil {
			return nil, err
		}
		if wildcard := strings.Contains(e.address, ":*") && !s.quiet && !s.oneProcess; e.bind && (s.verbose || wildcard) {
			at, err := soc.GetLastEndpoint()
			if err != nil {
				return nil, err
			}
			s.log.add("", fmt.Sprintf("%v bound to %s", t, at))
		}
	}
	return soc, nil
}

// newSocket makes a socket as the flags say.
func (s *session) newSocket(t zmq4.Type, secure zmq4.OpenOption) (*zmq4.Socket, error) {
	soc, err := s.zmq.OpenSocket(t, zmq4.Configure("--id", func(soc *zmq4.Socket) error {
		if s.identity == "" {
			return nil
		}
		return soc.SetIdentity(s.identity)
	}), zmq4.Configure("--hwm", func(soc *zmq4.Socket) error {
		if s.hwm < 0 {
			return nil
		}
		if err := soc.SetSndhwm(s.hwm); err != nil {
			return err
		}
		return soc.SetRcvhwm(s.hwm)
	}), secure)
	if err != nil {
		return nil, err
	}
	s.sockets = append(s.sockets, soc)
	for _, o := range s.options {
		if err := setOption(soc, o); err != nil {
			return nil, err
		}
	}
	return soc, nil
}

// setters returns the names of the options, such as "reconnect-ivl", with the
// number of the method of Socket that sets each.
func setters() map[string]int {
	known := map[string]int{}
	socket := reflect.TypeFor[*zmq4.Socket]()
	for i := range socket.NumMethod() {
		m := socket.Method(i)
		name, ok := strings.CutPrefix(m.Name, "Set")
		if !ok || name == "Linger" || m.Type.NumIn() != 2 || m.Type.NumOut() != 1 {
			continue // there is --linger
		}
		var dashed strings.Builder
		for i, r := range name {
			if i > 0 && unicode.IsUpper(r) {
				dashed.WriteByte('-')
			}
			dashed.WriteRune(unicode.ToLower(r))
		}
		known[dashed.String()] = m.Index
	}
	return known
}

// setOption sets an option by "name=value".
func setOption(soc *zmq4.Socket, option string) error {
	name, text, ok := strings.Cut(option, "=")
	plain := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	index, known := setters()[strings.TrimPrefix(plain, "zmq-")]
	switch {
	case !known:
		return usagef("--opt %s: there is no such option; there are %s", name, strings.Join(slices.Sorted(maps.Keys(setters())), ", "))
	case !ok:
		return usagef("--opt %s: no value: %s=VALUE", name, name)
	}
	set := reflect.ValueOf(soc).Method(index)
	value := reflect.New(set.Type().In(0)).Elem()
	var err error
	want := "a whole number"
	if value.Type() == reflect.TypeFor[time.Duration]() {
		want = "a time such as 500ms or 10s"
		var d time.Duration
		d, err = time.ParseDuration(text)
		value.SetInt(int64(d))
	} else {
		switch value.Kind() {
		case reflect.Bool:
			want = "true or false"
			var b bool
			b, err = strconv.ParseBool(text)
			value.SetBool(b)
		case reflect.Int, reflect.Int64:
			var n int64
			n, err = strconv.ParseInt(text, 0, value.Type().Bits())
			value.SetInt(n)
		case reflect.Uint64:
			var n uint64
			n, err = strconv.ParseUint(text, 0, 64)
			value.SetUint(n)
		default:
			value.SetString(text)
		}
	}
	if err != nil {
		return usagef("--opt %s: %q is not %s", name, text, want)
	}
	if err, _ := set.Call([]reflect.Value{value})[0].Interface().(error); err != nil {
		return fmt.Errorf("--opt %s: %w", name, err)
	}
	return nil
}

// types are the socket types that --type takes.
var types = map[string]zmq4.Type{
	"req": zmq4.REQ, "rep": zmq4.REP, "dealer": zmq4.DEALER, "router": zmq4.ROUTER,
	"pub": zmq4.PUB, "sub": zmq4.SUB, "xpub": zmq4.XPUB, "xsub": zmq4.XSUB,
	"push": zmq4.PUSH, "pull": zmq4.PULL, "pair": zmq4.PAIR, "stream": zmq4.STREAM,
}

// A choice is a flag with one of several values.
type choice struct {
	value string
	of    []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "type" }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, strings.ToLower(s)) {
		return fmt.Errorf("must be one of %s", strings.Join(c.of, ", "))
	}
	c.value = strings.ToLower(s)
	return nil
}

// newChoice adds --type. The first value is the default.
func newChoice(cmd *cobra.Command, usage string, of ...string) *choice {
	c := &choice{of[0], of}
	group(cmd, "Connection", func(p *pflag.FlagSet) { p.Var(c, "type", usage+": "+strings.Join(of, ", ")) })
	cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(of, cobra.ShellCompDirectiveNoFileComp))
	return c
}
