// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestContextOptions(t *testing.T) {
	major, minor, _ := Version()
	new43 := major > 4 || minor >= 3
	for name, test := range map[string]struct {
		have bool
		run  func(*testing.T, *Context)
	}{
		"IoThreads":         {true, roundTrip((*Context).SetIoThreads, (*Context).GetIoThreads, IoThreadsDflt, []int{0, 2, 1024}, wide(-1, 1025, 100000, math.MaxInt32))},
		"MaxSockets":        {true, roundTrip((*Context).SetMaxSockets, (*Context).GetMaxSockets, MaxSocketsDflt, []int{1, 100000, 1 << 20}, wide(0, -1, 1<<20+1, math.MaxInt32))},
		"MaxMsgsz":          {true, roundTrip((*Context).SetMaxMsgsz, (*Context).GetMaxMsgsz, math.MaxInt32, []int{0, 1, math.MaxInt32}, wide(-1))},
		"Ipv6":              {true, roundTrip((*Context).SetIpv6, (*Context).GetIpv6, false, []bool{true, false}, nil)},
		"Blocky":            {true, roundTrip((*Context).SetBlocky, (*Context).GetBlocky, true, []bool{false, true}, nil)},
		"ZeroCopyRecv":      {new43, roundTrip((*Context).SetZeroCopyRecv, (*Context).GetZeroCopyRecv, true, []bool{false, true}, nil)},
		"ThreadNamePrefix":  {new43 && runtime.GOOS != "windows", roundTrip((*Context).SetThreadNamePrefix, (*Context).GetThreadNamePrefix, 0, []int{7, 1234}, wide())},
		"ThreadSchedPolicy": {new43 && runtime.GOOS != "windows", roundTrip((*Context).SetThreadSchedPolicy, (*Context).GetThreadSchedPolicy, -1, []int{0, 1, math.MaxInt32}, wide(-1))},
	} {
		t.Run(name, func(t *testing.T) {
			if !test.have {
				t.Skip("this libzmq does not have it")
			}
			test.run(t, newContext(t))
		})
	}
}

func TestContextReadOnly(t *testing.T) {
	ctx := newContext(t)
	if n, err := ctx.GetSocketLimit(); n < 1000 || err != nil {
		t.Errorf("GetSocketLimit = %v, %v", n, err)
	}
	if n, err := ctx.GetMsgTSize(); n != 64 || err != nil {
		if major, minor, _ := Version(); major > 4 || minor >= 3 {
			t.Errorf("GetMsgTSize = %v, %v", n, err)
		}
	}
}

// TestContextThreads starts a context with all settings of its threads.
func TestContextThreads(t *testing.T) {
	if major, minor, _ := Version(); runtime.GOOS != "linux" || major == 4 && minor < 3 {
		t.Skip("this libzmq does not have them")
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	var cpu int
	if _, err := fmt.Sscan(list, &cpu); err != nil { // the first one that may be used
		t.Skip(err)
	}
	ctx := newContext(t)
	if err := ctx.SetThreadAffinityCpuRemove(0); err != einval {
		t.Errorf("removing a CPU that is not there: %v", err)
	}
	for i, err := range []error{
		ctx.SetThreadAffinityCpuAdd(1000), // which no NewSocket would take
		ctx.SetThreadAffinityCpuAdd(cpu),
		ctx.SetThreadAffinityCpuAdd(cpu),
		ctx.SetThreadAffinityCpuRemove(1000),
		ctx.SetThreadNamePrefix(7),
		ctx.SetThreadSchedPolicy(0),
		ctx.SetIoThreads(2),
	} {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i, v := range wide(-1) {
		for _, set := range []func(int) error{ctx.SetThreadAffinityCpuAdd, ctx.SetThreadAffinityCpuRemove, ctx.SetThreadPriority} {
			if err := set(v); err != einval {
				t.Errorf("%d: set %d: %v", i, v, err)
			}
		}
	}
	x, y := timedSocket(t, ctx, PULL), timedSocket(t, ctx, PUSH)
	must(t, x.Bind("tcp://127.0.0.1:*"))
	endpoint, _ := x.GetLastEndpoint()
	must(t, y.Connect(endpoint))
	send(t, y, "hello")
	expect(t, x, "hello")
}

// TestContextMaxSockets also shows that the value is that of libzmq.
func TestContextMaxSockets(t *testing.T) {
	ctx := newContext(t)
	must(t, ctx.SetMaxSockets(1))
	timedSocket(t, ctx, PULL)
	if soc, err := ctx.NewSocket(PULL); soc != nil || AsErrno(err).Error() != "too many open files" {
		t.Errorf("second socket: %v, %v", soc, err)
	}
}

func TestContextBlockyAndIpv6(t *testing.T) {
	ctx := newContext(t)
	ctx.SetBlocky(false)
	ctx.SetIpv6(true)
	soc := fresh(t, ctx, PULL)
	if d, err := soc.GetLinger(); d != 0 || err != nil {
		t.Errorf("GetLinger = %v, %v", d, err)
	}
	if on, err := soc.GetIpv6(); !on || err != nil {
		t.Errorf("GetIpv6 = %v, %v", on, err)
	}
}

func TestOptionsOfClosedContext(t *testing.T) {
	closed, err := NewContext()
	must(t, err)
	must(t, closed.Term())
	for name, ctx := range map[string]*Context{"closed": closed, "nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			all := calls(ctx)
			if len(all) < 20 {
				t.Errorf("only %d methods", len(all))
			}
			for method, errs := range all {
				for _, err := range errs {
					if err != ErrorContextClosed && !(runtime.GOOS == "windows" && err == ErrorNotImplementedWindows) {
						t.Errorf("%s: %v", method, err)
					}
				}
			}
			ctx.SetRetryAfterEINTR(true)
			if !ctx.GetRetryAfterEINTR() {
				t.Error("GetRetryAfterEINTR is false")
			}
		})
	}
}

func TestRetryAfterEINTR(t *testing.T) {
	ctx := newContext(t)
	for _, set := range []bool{true, false, true} {
		ctx.SetRetryAfterEINTR(set)
		if got := ctx.GetRetryAfterEINTR(); got != set {
			t.Errorf("set %v, got %v", set, got)
		}
	}
	defer SetRetryAfterEINTR(true)
	SetRetryAfterEINTR(false)
	if GetRetryAfterEINTR() {
		t.Error("the default context did not take it")
	}
}

// TestDefaultContextOptions checks that each function of the package is that
// method of the default context.
func TestDefaultContextOptions(t *testing.T) {
	ctx, err := defaultContext()
	must(t, err)
	for name, same := range map[string]func() bool{
		"IoThreads":         sameOption(ctx, SetIoThreads, GetIoThreads, (*Context).GetIoThreads, 3),
		"MaxSockets":        sameOption(ctx, SetMaxSockets, GetMaxSockets, (*Context).GetMaxSockets, 2000),
		"MaxMsgsz":          sameOption(ctx, SetMaxMsgsz, GetMaxMsgsz, (*Context).GetMaxMsgsz, 1<<20),
		"Ipv6":              sameOption(ctx, SetIpv6, GetIpv6, (*Context).GetIpv6, true),
		"Blocky":            sameOption(ctx, SetBlocky, GetBlocky, (*Context).GetBlocky, false),
		"ZeroCopyRecv":      sameOption(ctx, SetZeroCopyRecv, GetZeroCopyRecv, (*Context).GetZeroCopyRecv, false),
		"ThreadNamePrefix":  sameOption(ctx, SetThreadNamePrefix, GetThreadNamePrefix, (*Context).GetThreadNamePrefix, 5),
		"ThreadSchedPolicy": sameOption(ctx, SetThreadSchedPolicy, GetThreadSchedPolicy, (*Context).GetThreadSchedPolicy, 0),
		"SocketLimit":       sameOption(ctx, nil, GetSocketLimit, (*Context).GetSocketLimit, 0),
		"MsgTSize":          sameOption(ctx, nil, GetMsgTSize, (*Context).GetMsgTSize, 0),
	} {
		if !same() {
			t.Errorf("%s is not that of the default context", name)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	cpus := slices.Clone(ctx.c.start.cpus)
	if err := SetThreadAffinityCpuAdd(1); err != nil || len(ctx.c.start.cpus) != len(cpus)+1 {
		t.Errorf("SetThreadAffinityCpuAdd: %v", err)
	}
	if err := SetThreadAffinityCpuRemove(1); err != nil || !slices.Equal(ctx.c.start.cpus, cpus) {
		t.Errorf("SetThreadAffinityCpuRemove: %v", err)
	}
	if err := SetThreadPriority(-1); err != einval {
		t.Errorf("SetThreadPriority: %v", err)
	}
}

// sameOption sets an option of the default context, compares, and sets it back.
func sameOption[T comparable](ctx *Context, set func(T) error, get func() (T, error), method func(*Context) (T, error), value T) func() bool {
	return func() bool {
		before, err := method(ctx)
		if err != nil {
			_, again := get()
			return again == err // an older libzmq does not have it
		}
		if set != nil {
			if set(value) != nil {
				return false
			}
			defer set(before)
		} else {
			value = before
		}
		got, err := method(ctx)
		same, err2 := get()
		return got == value && same == value && err == nil && err2 == nil
	}
}

func TestThreadNamePrefixString(t *testing.T) {
	needDraft(t)
	for _, prefix := range []string{"a", "abc", "abcd", "abcde", "0123456789abcdef"} {
		ctx := newContext(t)
		if got, err := ctx.GetThreadNamePrefixString(); got != "" || err != nil {
			t.Errorf("the default is %q, %v", got, err)
		}
		must(t, ctx.SetThreadNamePrefixString(prefix))
		if got, err := ctx.GetThreadNamePrefixString(); got != prefix || err != nil {
			t.Errorf("set %q, got %q, %v", prefix, got, err)
		}
		newSocket(t, ctx, PULL) // starts the threads
		for _, bad := range []string{"", "0123456789abcdefg", "a\x00b"} {
			if err := ctx.SetThreadNamePrefixString(bad); err != einval {
				t.Errorf("set %q: %v", bad, err)
			}
		}
	}
}
