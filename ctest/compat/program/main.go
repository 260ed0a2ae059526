// SPDX-License-Identifier: BSD-2-Clause

// Program uses all of pebbe/zmq4 and prints what each call returns: a line
// with a label, a tab, and the results. It runs one case of those that -list
// lists, in a process of its own, so that a call may hang or abort. The lines
// go to file descriptor 3, as C code prints to the standard output:
//
//	program socket 3>&1
//
// Everything is used by one goroutine at a time, as v1.4.0 asks for. Nothing
// that differs from run to run is printed.
//
// The calls stand one by one, and much alike: what is to be compared is the label
// and the call of each line, not what a helper makes of them.
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// again is the status of a case that has to be run again.
const again = 3

var cases = map[string]func(){
	"constants":        constants,
	"names":            names,
	"errors":           errorTexts,
	"library":          library,
	"context":          contexts,
	"context default":  defaultContext,
	"context threads":  contextThreads,
	"context policy":   contextPolicy,
	"context closed":   closedContexts,
	"context zero":     zeroContext,
	"context full":     fullContext,
	"term":             termWakes,
	"term pending":     termPending,
	"socket":           sockets,
	"socket types":     socketTypes,
	"socket zero":      zeroSockets,
	"option":           options,
	"option bound":     boundOptions,
	"option closed":    closedOptions,
	"option state":     optionStates,
	"security":         securityOptions,
	"endpoint":         endpoints,
	"endpoint pairs":   endpointPairs,
	"endpoint use fd":  useFd,
	"multicast":        multicast,
	"send":             sends,
	"send message":     sendMessages,
	"receive":          receives,
	"states":           states,
	"patterns":         patterns,
	"metadata":         metadata,
	"conflate":         conflate,
	"timeouts":         timeouts,
	"poller":           pollers,
	"poller ids":       pollerIDs,
	"poller closed":    pollerClosed,
	"reactor":          reactors,
	"reactor changes":  reactorChanges,
	"reactor removes":  reactorRemoves,
	"reactor zero":     reactorZero,
	"proxy":            proxies,
	"proxy steerable":  steerable,
	"proxy unknown":    steerableUnknown,
	"monitor":          monitors,
	"monitor events":   monitorEvents,
	"monitor messages": monitorMessages,
	"monitor alone":    monitorAlone,
	"z85":              z85,
	"curve":            curve,
	"auth":             authSettings,
	"auth null":        authNull,
	"auth plain":       authPlain,
	"auth curve":       authCurve,
	"auth metadata":    authMetadata,
	"auth context":     authContext,
	"auth quit":        authQuit,
	"auth malformed":   authMalformed,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: program -list | CASE")
		os.Exit(2)
	}
	if os.Args[1] == "-list" {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			fmt.Println(name)
		}
		return
	}
	run := cases[os.Args[1]]
	if run == nil {
		fmt.Fprintln(os.Stderr, "no such case:", os.Args[1])
		os.Exit(2)
	}
	run()
}

// lines is where say prints.
var lines = os.NewFile(3, "lines")

// labelPrefix is put in front of each label.
var labelPrefix string

// say prints a line.
func say(label string, results ...any) {
	line := labelPrefix + label + "\t" + texts(results)
	for _, h := range hidden {
		line = strings.ReplaceAll(line, h.old, h.new)
	}
	line = address.ReplaceAllString(line, "ADDRESS")
	fmt.Fprintln(lines, strings.ReplaceAll(line, "\n", `\n`))
}

// relabel puts a prefix in front of the labels that f prints.
func relabel(prefix string, f func()) {
	old := labelPrefix
	labelPrefix += prefix
	defer func() { labelPrefix = old }()
	f()
}

// v makes a list of the results of a call.
func v(results ...any) []any { return results }

// try prints what a call returns, or that it panics.
func try(label string, call func() []any) { say(label, caught(call)...) }

func caught(call func() []any) (results []any) {
	defer func() {
		if r := recover(); r != nil {
			what := strings.Replace(fmt.Sprint(r), "runtime error: invalid memory address or nil pointer dereference", "nil dereference", 1)
			results = v(raw("panic(" + what + ")"))
		}
	}()
	return call()
}

// within prints what a call returns, or that it takes longer than limit.
func within(label string, limit time.Duration, call func() []any) {
	done := make(chan []any, 1)
	go func() { done <- caught(call) }()
	select {
	case results := <-done:
		say(label, results...)
	case <-time.After(limit):
		say(label, raw("hang"))
	}
}

func texts(results []any) string {
	if len(results) == 0 {
		return "ok"
	}
	list := make([]string, len(results))
	for i, r := range results {
		list[i] = text(r)
	}
	return strings.Join(list, ", ")
}

// raw is text that say prints as it is.
type raw string

var address = regexp.MustCompile(`0x[0-9a-f]{6,}`)

// hidden is what differs from run to run, and what is printed for it.
var hidden []struct{ old, new string }

func hide(old, new string) { hidden = append(hidden, struct{ old, new string }{old, new}) }

// errnos are the names of the error numbers. What they print is in case errors.
var errnos = map[zmq.Errno]string{
	zmq.EADDRINUSE: "EADDRINUSE", zmq.EADDRNOTAVAIL: "EADDRNOTAVAIL", zmq.EAFNOSUPPORT: "EAFNOSUPPORT",
	zmq.ECONNABORTED: "ECONNABORTED", zmq.ECONNREFUSED: "ECONNREFUSED", zmq.ECONNRESET: "ECONNRESET",
	zmq.EHOSTUNREACH: "EHOSTUNREACH", zmq.EINPROGRESS: "EINPROGRESS", zmq.EMSGSIZE: "EMSGSIZE", zmq.ENETDOWN: "ENETDOWN",
	zmq.ENETRESET: "ENETRESET", zmq.ENETUNREACH: "ENETUNREACH", zmq.ENOBUFS: "ENOBUFS", zmq.ENOTCONN: "ENOTCONN",
	zmq.ENOTSOCK: "ENOTSOCK", zmq.ENOTSUP: "ENOTSUP", zmq.EPROTONOSUPPORT: "EPROTONOSUPPORT", zmq.ETIMEDOUT: "ETIMEDOUT",
	zmq.EFSM: "EFSM", zmq.EMTHREAD: "EMTHREAD", zmq.ENOCOMPATPROTO: "ENOCOMPATPROTO", zmq.ETERM: "ETERM",
	zmq.Errno(syscall.EAGAIN): "EAGAIN", zmq.Errno(syscall.EINVAL): "EINVAL", zmq.Errno(syscall.ENOENT): "ENOENT",
	zmq.Errno(syscall.ENODEV): "ENODEV", zmq.Errno(syscall.EMFILE): "EMFILE", zmq.Errno(syscall.EFAULT): "EFAULT",
	zmq.Errno(syscall.EINTR): "EINTR", zmq.Errno(syscall.ENAMETOOLONG): "ENAMETOOLONG", zmq.Errno(syscall.EBADF): "EBADF",
	zmq.Errno(syscall.EPERM): "EPERM", zmq.Errno(syscall.EACCES): "EACCES", zmq.Errno(syscall.ENOTDIR): "ENOTDIR",
}

// variables are the errors that programs compare with ==.
var variables = []struct {
	name string
	err  error
}{
	{"ErrorContextClosed", zmq.ErrorContextClosed},
	{"ErrorSocketClosed", zmq.ErrorSocketClosed},
	{"ErrorMoreExpected", zmq.ErrorMoreExpected},
	{"ErrorNotImplemented405", zmq.ErrorNotImplemented405},
	{"ErrorNotImplemented41", zmq.ErrorNotImplemented41},
	{"ErrorNotImplemented42", zmq.ErrorNotImplemented42},
	{"ErrorNotImplementedWindows", zmq.ErrorNotImplementedWindows},
	{"ErrorNoSocket", zmq.ErrorNoSocket},
}

// text is how say prints a result.
func text(x any) string {
	switch x := x.(type) {
	case nil:
		return "nil"
	case raw:
		return string(x)
	case *results:
		return x.String()
	case error:
		return errorText(x)
	case string:
		return quoted(x)
	case []byte:
		if x == nil {
			return "[]byte(nil)"
		}
		return "[]byte(" + quoted(string(x)) + ")"
	case *zmq.Socket:
		if x == nil {
			return "no socket"
		}
		return "socket"
	case *zmq.Context:
		if x == nil {
			return "no context"
		}
		return "context"
	case time.Duration, bool:
		return fmt.Sprint(x)
	case zmq.Type, zmq.Flag, zmq.Event, zmq.State, zmq.Mechanism:
		return fmt.Sprintf("%d", x)
	}
	value := reflect.ValueOf(x)
	switch value.Kind() {
	case reflect.Slice:
		if value.IsNil() {
			return "nil list"
		}
		items := make([]string, value.Len())
		for i := range items {
			items[i] = text(value.Index(i).Interface())
		}
		return "[" + strings.Join(items, " ") + "]"
	case reflect.Map:
		if value.IsNil() {
			return "nil map"
		}
		return fmt.Sprintf("%q", x)
	case reflect.Struct, reflect.Pointer, reflect.Func:
		panic(fmt.Sprintf("say does not know %T", x))
	}
	return fmt.Sprint(x)
}

func errorText(err error) string {
	for _, known := range variables {
		if err == known.err {
			return known.name
		}
	}
	if errno, ok := err.(zmq.Errno); ok {
		if name, ok := errnos[errno]; ok && zmq.AsErrno(err) == errno {
			return name
		}
		return fmt.Sprintf("Errno(%d)", uintptr(errno))
	}
	return fmt.Sprintf("%T(%q)", err, err)
}

// keys are printed by their names.
var keys = strings.NewReplacer(serverPublic, "PUBLIC", serverSecret, "SECRET", clientPublic, "CLIENT-PUBLIC", clientSecret, "CLIENT-SECRET",
	serverPublic[:35], "PUBLIC[:35]", serverSecret[:35], "SECRET[:35]", serverPublic[:20], "PUBLIC[:20]", serverPublic[1:], "PUBLIC[1:]", serverSecret[1:], "SECRET[1:]")

// quoted shortens what is long.
func quoted(s string) string {
	q := strconv.Quote(keys.Replace(s))
	for i := 0; i < len(q); i++ {
		n := 1
		for i+n < len(q) && q[i+n] == q[i] {
			n++
		}
		if n > 40 {
			q = fmt.Sprintf("%s%c{%d}%s", q[:i], q[i], n, q[i+n:])
		}
	}
	return q
}

// results collects what the same call returns for each of many.
type results struct {
	order []string
	names map[string][]string
}

func (r *results) add(name string, got ...any) {
	result := texts(got)
	if r.names == nil {
		r.names = make(map[string][]string)
	}
	if r.names[result] == nil {
		r.order = append(r.order, result)
	}
	r.names[result] = append(r.names[result], name)
}

// String gives the most frequent result first, without names.
func (r *results) String() string {
	order := slices.Clone(r.order)
	slices.SortStableFunc(order, func(a, b string) int { return len(r.names[b]) - len(r.names[a]) })
	list := slices.Clone(order)
	for i, result := range order {
		if i > 0 {
			list[i] += " for " + strings.Join(r.names[result], " ")
		}
	}
	return strings.Join(list, "; ")
}

// types are all socket types.
var types = []zmq.Type{
	zmq.REQ, zmq.REP, zmq.DEALER, zmq.ROUTER, zmq.PUB, zmq.SUB, zmq.XPUB, zmq.XSUB, zmq.PUSH, zmq.PULL, zmq.PAIR, zmq.STREAM,
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func got[T any](value T, err error) T {
	must(err)
	return value
}

// open makes a socket that does not linger.
func open(t zmq.Type) *zmq.Socket { return openIn(nil, t) }

func openIn(ctx *zmq.Context, t zmq.Type) *zmq.Socket {
	for {
		var soc *zmq.Socket
		var err error
		if ctx == nil {
			soc, err = zmq.NewSocket(t)
		} else {
			soc, err = ctx.NewSocket(t)
		}
		if err == zmq.Errno(syscall.EMFILE) { // closed ones are still there
			time.Sleep(time.Millisecond)
			continue
		}
		must(err)
		must(soc.SetLinger(0))
		return soc
	}
}

var lastName atomic.Int64

// inproc is an endpoint that nobody else has.
func inproc() string {
	name := fmt.Sprintf("inproc://name-%d-", lastName.Add(1))
	hide(name, "inproc://name")
	return name
}

// bind binds a socket to a free tcp port.
func bind(soc *zmq.Socket) string {
	must(soc.Bind("tcp://127.0.0.1:*"))
	endpoint := got(soc.GetLastEndpoint())
	hide(strings.TrimPrefix(endpoint, "tcp://"), "127.0.0.1:PORT")
	return endpoint
}

// pair makes two sockets that are connected over inproc.
func pair(bound, connected zmq.Type) (*zmq.Socket, *zmq.Socket) {
	a, b, name := open(bound), open(connected), inproc()
	must(a.Bind(name))
	must(b.Connect(name))
	return a, b
}

func tcpPair(bound, connected zmq.Type) (*zmq.Socket, *zmq.Socket) {
	a, b := open(bound), open(connected)
	must(b.Connect(bind(a)))
	return a, b
}

// meanwhile lets time pass for what another goroutine does, for v1.4.0 has no way to tell.
func meanwhile(d time.Duration) { time.Sleep(d) }

// until waits for what will be true.
func until(what string, ok func() bool) {
	for start := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			panic("waited in vain for " + what)
		}
	}
}

// readable waits until there is a message. The others are used meanwhile,
// without which libzmq does not go on with what they began.
func readable(soc *zmq.Socket, others ...*zmq.Socket) {
	until("a message", func() bool {
		for _, other := range others {
			got(other.GetEvents())
		}
		return got(soc.GetEvents())&zmq.POLLIN != 0
	})
}

// writable waits until a message can be sent.
func writable(soc *zmq.Socket) {
	until("a peer", func() bool { return got(soc.GetEvents())&zmq.POLLOUT != 0 })
}

// anError is an error of the program's own.
var anError = errors.New("an error")
