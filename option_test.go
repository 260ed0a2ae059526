// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// optionTest is one row of a table: an option with the type of socket that has it.
type optionTest struct {
	name string
	typ  Type
	run  func(t *testing.T, soc *Socket)
}

// roundTrip tests an option of a socket or context that comes back as it was set: its default,
// the values that it takes, and those that it refuses with EINVAL, unchanged.
func roundTrip[O any, T comparable](set func(O, T) error, get func(O) (T, error), unset T, good, bad []T) func(*testing.T, O) {
	return func(t *testing.T, soc O) {
		if got, err := get(soc); got != unset || err != nil {
			t.Errorf("the default is %#v, %v, want %#v", got, err, unset)
		}
		for _, v := range append(good, unset) {
			if err := set(soc, v); err != nil && !slices.Contains(bad, v) {
				t.Errorf("set %#v: %v", v, err)
			}
			if got, err := get(soc); got != v && !slices.Contains(bad, v) || err != nil {
				t.Errorf("set %#v, got %#v, %v", v, got, err)
			}
		}
		before, _ := get(soc)
		for _, v := range bad {
			if err := set(soc, v); err != einval {
				t.Errorf("set %#v: %v, want EINVAL", v, err)
			}
			if got, err := get(soc); got != before || err != nil {
				t.Errorf("a refused %#v made it %#v, %v", v, got, err)
			}
		}
	}
}

// setOnly tests an option that cannot be read.
func setOnly[T any](set func(*Socket, T) error, good, bad []T) func(*testing.T, *Socket) {
	return func(t *testing.T, soc *Socket) {
		for _, v := range good {
			if err := set(soc, v); err != nil {
				t.Errorf("set %#v: %v", v, err)
			}
		}
		for _, v := range bad {
			if err := set(soc, v); err != einval {
				t.Errorf("set %#v: %v, want EINVAL", v, err)
			}
		}
	}
}

// rounded tests an option that is a time: which value makes it what.
func rounded(set func(*Socket, time.Duration) error, get func(*Socket) (time.Duration, error), unset time.Duration, want map[time.Duration]time.Duration, bad ...time.Duration) func(*testing.T, *Socket) {
	return func(t *testing.T, soc *Socket) {
		becomes(t, soc, set, get, want)
		roundTrip(set, get, unset, []time.Duration{time.Hour}, bad)(t, fresh(t, soc.s.ctx, soc.s.typ))
	}
}

// becomes tests what the values of an option that is a time read back as.
func becomes(t *testing.T, soc *Socket, set func(*Socket, time.Duration) error, get func(*Socket) (time.Duration, error), want map[time.Duration]time.Duration) {
	t.Helper()
	for v, want := range want {
		if err := set(soc, v); err != nil {
			t.Errorf("set %v: %v", v, err)
		}
		if got, err := get(soc); got != want || err != nil {
			t.Errorf("set %v, got %v, %v, want %v", v, got, err, want)
		}
	}
}

// fresh makes a socket that has all its options as libzmq has them.
func fresh(t testing.TB, ctx *Context, typ Type) *Socket {
	t.Helper()
	soc, err := ctx.NewSocket(typ)
	must(t, err)
	t.Cleanup(func() { soc.Close() })
	return soc
}

const (
	ms  = time.Millisecond
	day = 24 * time.Hour

	maxInt32ms = math.MaxInt32 * ms
	minTime    = time.Duration(math.MinInt64)
	maxTime    = time.Duration(math.MaxInt64)
)

// times is what every option in milliseconds does, and together with the
// values of more.
func times(more map[time.Duration]time.Duration) map[time.Duration]time.Duration {
	all := map[time.Duration]time.Duration{
		1: ms, 500 * time.Microsecond: ms, ms: ms, ms + 1: 2 * ms, 2*ms - 1: 2 * ms,
		time.Second: time.Second, maxInt32ms: maxInt32ms, maxInt32ms - 1: maxInt32ms,
	}
	for v, want := range more {
		all[v] = want
	}
	return all
}

var (
	// What a negative time and 0 are for an option where -1 is "no limit",
	// for one where 0 is, and for one that cannot be negative.
	unlimitedBelow = times(map[time.Duration]time.Duration{0: 0, -1: -1, -ms: -1, -500 * time.Microsecond: -1, -time.Second: -1, minTime: -1})
	unlimitedZero  = times(map[time.Duration]time.Duration{0: 0, -1: 0, -ms: 0, -500 * time.Microsecond: 0, -time.Second: 0, minTime: 0})
	positive       = times(map[time.Duration]time.Duration{0: 0, -1: 0, 1 - ms: 0})

	tooLong = []time.Duration{maxInt32ms + 1, 30 * day, 50 * day, maxTime}
)

// wide adds values that C's int cannot hold, some of which would wrap to a good one.
func wide(more ...int) []int {
	return append(more, ints(math.MaxInt32+1, math.MinInt32-1, 1<<32, 1<<32+1, -1<<32, math.MaxInt64, math.MinInt64)...)
}

// ints returns those of the values that an int can hold.
func ints(values ...int64) (fit []int) {
	for _, v := range values {
		if int64(int(v)) == v {
			fit = append(fit, int(v))
		}
	}
	return fit
}

var (
	flags    = []int{0, 1}
	notFlags = wide(-1)
	anyText  = []string{"x", "some text", strings.Repeat("x", 255)}
	notText  = []string{"a\x00b", "a\x00", "\x00", strings.Repeat("x", 256)}
	onOff    = []bool{true, false}
)

func optionTests() []optionTest {
	tests := []optionTest{
		{"Affinity", DEALER, roundTrip((*Socket).SetAffinity, (*Socket).GetAffinity, 0, []uint64{1, 1<<40 + 1, math.MaxUint64}, nil)},
		{"Backlog", DEALER, roundTrip((*Socket).SetBacklog, (*Socket).GetBacklog, 100, []int{0, 1, math.MaxInt32}, wide(-1))},
		{"ConnectRid", ROUTER, setOnly((*Socket).SetConnectRid, []string{"a", "a\x00b\x00"}, []string{""})},
		{"Conflate", PULL, roundTrip((*Socket).SetConflate, (*Socket).GetConflate, false, onOff, nil)},
		{"ConnectTimeout", DEALER, rounded((*Socket).SetConnectTimeout, (*Socket).GetConnectTimeout, 0, unlimitedZero, tooLong...)},
		{"HandshakeIvl", DEALER, rounded((*Socket).SetHandshakeIvl, (*Socket).GetHandshakeIvl, 30*time.Second, unlimitedZero, tooLong...)},
		{"HeartbeatIvl", DEALER, rounded((*Socket).SetHeartbeatIvl, (*Socket).GetHeartbeatIvl, 0, unlimitedZero, tooLong...)},
		{"HeartbeatTimeout", DEALER, func(t *testing.T, soc *Socket) {
			// The default, -1, is not a value that can be set.
			if got, err := soc.GetHeartbeatTimeout(); got != -1 || err != nil {
				t.Errorf("the default is %v, %v", got, err)
			}
			becomes(t, soc, (*Socket).SetHeartbeatTimeout, (*Socket).GetHeartbeatTimeout, unlimitedZero)
			for _, v := range tooLong {
				if err := soc.SetHeartbeatTimeout(v); err != einval {
					t.Errorf("set %v: %v, want EINVAL", v, err)
				}
			}
		}},
		{"HeartbeatTtl", DEALER, rounded((*Socket).SetHeartbeatTtl, (*Socket).GetHeartbeatTtl, 0, map[time.Duration]time.Duration{
			0: 0, 1: 100 * ms, ms: 100 * ms, 100 * ms: 100 * ms, 100*ms + 1: 200 * ms, 6553500 * ms: 6553500 * ms, 6553500*ms - 1: 6553500 * ms, -1: 0, -99 * ms: 0, -100 * ms: 0, minTime: 0,
		}, 6553500*ms+1, 6553600*ms, 50*day, maxTime)},
		{"Identity", DEALER, roundTrip((*Socket).SetIdentity, (*Socket).GetIdentity, "", []string{"a", "a\x00b\x00\x00", "\x00", strings.Repeat("\xff", 255)}, []string{"", strings.Repeat("x", 256)})},
		{"Immediate", DEALER, roundTrip((*Socket).SetImmediate, (*Socket).GetImmediate, false, onOff, nil)},
		{"InvertMatching", SUB, roundTrip((*Socket).SetInvertMatching, (*Socket).GetInvertMatching, 0, flags, wide())},
		{"Ipv6", DEALER, roundTrip((*Socket).SetIpv6, (*Socket).GetIpv6, false, onOff, nil)},
		{"Linger", DEALER, rounded((*Socket).SetLinger, (*Socket).GetLinger, -1, unlimitedBelow, tooLong...)},
		{"Maxmsgsize", DEALER, roundTrip((*Socket).SetMaxmsgsize, (*Socket).GetMaxmsgsize, -1, []int64{0, 1, 1<<40 + 1, math.MaxInt64, math.MinInt64}, nil)},
		{"MulticastHops", DEALER, roundTrip((*Socket).SetMulticastHops, (*Socket).GetMulticastHops, 1, []int{255}, wide(0, -1))},
		{"MulticastMaxtpdu", DEALER, roundTrip((*Socket).SetMulticastMaxtpdu, (*Socket).GetMulticastMaxtpdu, 1500, []int{65535}, wide(0, -1))},
		{"PlainPassword", DEALER, roundTrip((*Socket).SetPlainPassword, (*Socket).GetPlainPassword, "", anyText, append(notText, ""))},
		{"PlainServer", DEALER, roundTrip((*Socket).SetPlainServer, (*Socket).GetPlainServer, 0, flags, append(notFlags, 2))},
		{"ProbeRouter", DEALER, setOnly((*Socket).SetProbeRouter, flags, notFlags)},
		{"Rate", DEALER, roundTrip((*Socket).SetRate, (*Socket).GetRate, 100, []int{1, math.MaxInt32}, wide(0, -1))},
		{"Rcvbuf", DEALER, roundTrip((*Socket).SetRcvbuf, (*Socket).GetRcvbuf, -1, []int{0, 4096, math.MaxInt32}, wide(-2))},
		{"Rcvhwm", DEALER, roundTrip((*Socket).SetRcvhwm, (*Socket).GetRcvhwm, 1000, []int{0, 1, math.MaxInt32}, wide(-1))},
		{"Rcvtimeo", DEALER, rounded((*Socket).SetRcvtimeo, (*Socket).GetRcvtimeo, -1, unlimitedBelow, tooLong...)},
		{"ReconnectIvl", DEALER, rounded((*Socket).SetReconnectIvl, (*Socket).GetReconnectIvl, 100*ms, times(map[time.Duration]time.Duration{0: -1, -1: -1, -time.Second: -1, minTime: -1}), tooLong...)},
		{"ReconnectIvlMax", DEALER, rounded((*Socket).SetReconnectIvlMax, (*Socket).GetReconnectIvlMax, 0, unlimitedZero, tooLong...)},
		{"RecoveryIvl", DEALER, rounded((*Socket).SetRecoveryIvl, (*Socket).GetRecoveryIvl, 10*time.Second, positive, append(tooLong, -ms, -time.Second, minTime)...)},
		{"ReqCorrelate", REQ, setOnly((*Socket).SetReqCorrelate, flags, notFlags)},
		{"ReqRelaxed", REQ, setOnly((*Socket).SetReqRelaxed, flags, notFlags)},
		{"RouterHandover", ROUTER, setOnly((*Socket).SetRouterHandover, onOff, nil)},
		{"RouterMandatory", ROUTER, setOnly((*Socket).SetRouterMandatory, flags, notFlags)},
		{"RouterRaw", ROUTER, setOnly((*Socket).SetRouterRaw, flags, notFlags)},
		{"Sndbuf", DEALER, roundTrip((*Socket).SetSndbuf, (*Socket).GetSndbuf, -1, []int{0, 4096, math.MaxInt32}, wide(-2))},
		{"Sndhwm", DEALER, roundTrip((*Socket).SetSndhwm, (*Socket).GetSndhwm, 1000, []int{0, 1, math.MaxInt32}, wide(-1))},
		{"Sndtimeo", DEALER, rounded((*Socket).SetSndtimeo, (*Socket).GetSndtimeo, -1, unlimitedBelow, tooLong...)},
		{"SocksProxy", DEALER, roundTrip((*Socket).SetSocksProxy, (*Socket).GetSocksProxy, "", []string{"127.0.0.1:1080", "x"[:0], strings.Repeat("x", 1023), strings.Repeat("x", 1024), strings.Repeat("x", 100000)}, []string{"a\x00b", "\x00"})},
		{"StreamNotify", STREAM, setOnly((*Socket).SetStreamNotify, flags, append(notFlags, 2))},
		{"Subscribe", SUB, setOnly((*Socket).SetSubscribe, []string{"", "a", "a\x00", strings.Repeat("x", maxFilter)}, []string{strings.Repeat("x", maxFilter+1)})},
		{"Unsubscribe", SUB, setOnly((*Socket).SetUnsubscribe, []string{"", "a", "a\x00"}, nil)},
		{"Subscribe of another type", DEALER, setOnly((*Socket).SetSubscribe, nil, []string{"", "a"})},
		{"TcpAcceptFilter", DEALER, setOnly((*Socket).SetTcpAcceptFilter, []string{"127.0.0.1", "10.0.0.0/8", ""}, []string{"127.0.0.1/33", "nonsense", "127.0.0.1\x00", strings.Repeat("1", 256)})},
		{"TcpKeepalive", DEALER, roundTrip((*Socket).SetTcpKeepalive, (*Socket).GetTcpKeepalive, -1, []int{0, 1}, wide(-2, 2))},
		{"TcpKeepaliveCnt", DEALER, roundTrip((*Socket).SetTcpKeepaliveCnt, (*Socket).GetTcpKeepaliveCnt, -1, []int{1, 127}, wide(-2, 0))},
		{"TcpKeepaliveIdle", DEALER, roundTrip((*Socket).SetTcpKeepaliveIdle, (*Socket).GetTcpKeepaliveIdle, -1, []int{1, 32767}, wide(-2, 0))},
		{"TcpKeepaliveIntvl", DEALER, roundTrip((*Socket).SetTcpKeepaliveIntvl, (*Socket).GetTcpKeepaliveIntvl, -1, []int{1, 32767}, wide(-2, 0))},
		{"TcpMaxrt", DEALER, rounded((*Socket).SetTcpMaxrt, (*Socket).GetTcpMaxrt, 0, unlimitedZero, tooLong...)},
		{"Tos", DEALER, roundTrip((*Socket).SetTos, (*Socket).GetTos, 0, []int{1, 255}, wide(-1, 256, 1<<16))},
		{"UseFd", DEALER, roundTrip((*Socket).SetUseFd, (*Socket).Getusefd, -1, []int{0, 3, math.MaxInt32}, wide(-2))},
		{"XpubManual", XPUB, setOnly((*Socket).SetXpubManual, flags, notFlags)},
		{"XpubNodrop", XPUB, setOnly((*Socket).SetXpubNodrop, onOff, nil)},
		{"XpubVerbose", XPUB, setOnly((*Socket).SetXpubVerbose, flags, notFlags)},
		{"XpubVerboser", XPUB, setOnly((*Socket).SetXpubVerboser, flags, notFlags)},
		{"XpubWelcomeMsg", XPUB, setOnly((*Socket).SetXpubWelcomeMsg, []string{"a", "a\x00", "", "x"[:0]}, nil)},
		{"ZapDomain", DEALER, roundTrip((*Socket).SetZapDomain, (*Socket).GetZapDomain, "", anyText, append(notText, ""))},
	}
	add := func(have bool, more ...optionTest) {
		if have {
			tests = append(tests, more...)
			return
		}
		for _, m := range more {
			tests = append(tests, optionTest{m.name, m.typ, nil})
		}
	}
	major, minor, _ := Version()
	new43 := major > 4 || minor >= 3
	nameTypes := []int{GSSAPI_NT_USER_NAME, GSSAPI_NT_KRB5_PRINCIPAL}
	add(new43,
		optionTest{"BindToDevice", DEALER, roundTrip((*Socket).SetBindToDevice, (*Socket).GetBindToDevice, "", []string{"lo", strings.Repeat("x", 16)}, []string{"lo\x00", strings.Repeat("x", 17)})},
	)
	add(HasGssapi(),
		optionTest{"GssapiPlaintext", DEALER, roundTrip((*Socket).SetGssapiPlaintext, (*Socket).GetGssapiPlaintext, false, onOff, nil)},
		optionTest{"GssapiPrincipal", DEALER, roundTrip((*Socket).SetGssapiPrincipal, (*Socket).GetGssapiPrincipal, "", anyText, append(notText, ""))},
		optionTest{"GssapiServer", DEALER, roundTrip((*Socket).SetGssapiServer, (*Socket).GetGssapiServer, false, onOff, nil)},
		optionTest{"GssapiServicePrincipal", DEALER, roundTrip((*Socket).SetGssapiServicePrincipal, (*Socket).GetGssapiServicePrincipal, "", anyText, append(notText, ""))},
	)
	add(HasGssapi() && new43,
		optionTest{"GssapiPrincipalNametype", DEALER, roundTrip((*Socket).SetGssapiPrincipalNametype, (*Socket).GetGssapiPrincipalNametype, GSSAPI_NT_HOSTBASED, nameTypes, wide(-1, 3))},
		optionTest{"GssapiServicePrincipalNametype", DEALER, roundTrip((*Socket).SetGssapiServicePrincipalNametype, (*Socket).GetGssapiServicePrincipalNametype, GSSAPI_NT_HOSTBASED, nameTypes, wide(-1, 3))},
	)
	add(HasCurve(),
		optionTest{"CurveServer", DEALER, roundTrip((*Socket).SetCurveServer, (*Socket).GetCurveServer, 0, flags, append(notFlags, 2))},
	)
	add(runtime.GOOS == "linux",
		optionTest{"IpcFilterPid", DEALER, setOnly((*Socket).SetIpcFilterPid, []int{1, math.MaxInt32, -1}, ints(1<<31, 1<<32))},
		optionTest{"IpcFilterUid", DEALER, setOnly((*Socket).SetIpcFilterUid, []int{0, 1000, -1}, ints(1<<32, 1<<32+1))},
		optionTest{"IpcFilterGid", DEALER, setOnly((*Socket).SetIpcFilterGid, []int{0, 1000, -1}, ints(1<<32, 1<<32+1))},
	)
	for _, o := range newerOptionTests() {
		add(o.since.missing() == nil && (o.needs == "" || Has(o.needs)), o.optionTest)
	}
	add(Has("vmci"),
		optionTest{"VmciBufferSize", DEALER, setOnly((*Socket).SetVmciBufferSize, []uint64{4096}, nil)},
		optionTest{"VmciBufferMinSize", DEALER, setOnly((*Socket).SetVmciBufferMinSize, []uint64{4096}, nil)},
		optionTest{"VmciBufferMaxSize", DEALER, setOnly((*Socket).SetVmciBufferMaxSize, []uint64{4096}, nil)},
		optionTest{"VmciConnectTimeout", DEALER, setOnly((*Socket).SetVmciConnectTimeout, []time.Duration{-1, 0, 1}, tooLong)},
	)
	return tests
}

func TestOptions(t *testing.T) {
	ctx := newContext(t)
	for _, test := range optionTests() {
		t.Run(test.name, func(t *testing.T) {
			if test.run == nil {
				t.Skip("this libzmq does not have it")
			}
			test.run(t, fresh(t, ctx, test.typ))
		})
	}
}

// TestSetterTested is for new options: each has to have a row above.
func TestSetterTested(t *testing.T) {
	tested := map[string]bool{
		// They have tests of their own.
		"CurvePublickey": true, "CurveSecretkey": true, "CurveServerkey": true, "PlainUsername": true,
		"Option": true, "ReceiveAhead": true,
	}
	for _, test := range optionTests() {
		tested[test.name] = true
	}
	soc := reflect.TypeFor[*Socket]()
	for i := range soc.NumMethod() {
		method := soc.Method(i).Name
		if name, ok := strings.CutPrefix(method, "Set"); ok && !tested[name] {
			t.Errorf("%s has no row in optionTests", method)
		}
	}
}

// calls calls every method of v whose name begins with Set or Get, with zero
// and with out of range arguments, and returns the errors by name.
func calls(v any) map[string][]error {
	errs := make(map[string][]error)
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		name, method := value.Type().Method(i).Name, value.Method(i)
		if !strings.HasPrefix(name, "Set") && !strings.HasPrefix(name, "Get") || strings.HasSuffix(name, "RetryAfterEINTR") || name[3:] == "Option" {
			continue
		}
		args := [][]reflect.Value{nil}
		if method.Type().NumIn() > 0 {
			zero, big := reflect.New(method.Type().In(0)).Elem(), reflect.New(method.Type().In(0)).Elem()
			switch {
			case big.CanInt():
				big.SetInt(math.MaxInt64)
			case big.Kind() == reflect.String:
				big.SetString("\x00")
			}
			args = [][]reflect.Value{{zero}, {big}}
		}
		for _, in := range args {
			out := method.Call(in)
			err, _ := out[len(out)-1].Interface().(error)
			errs[name] = append(errs[name], err)
		}
	}
	return errs
}

func TestOptionsOfClosedSocket(t *testing.T) {
	closed := fresh(t, newContext(t), DEALER)
	closed.Close()
	for name, soc := range map[string]*Socket{"closed": closed, "nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			all := calls(soc)
			if len(all) < 130 {
				t.Errorf("only %d methods", len(all))
			}
			for method, errs := range all {
				for _, err := range errs {
					if err != ErrorSocketClosed {
						t.Errorf("%s: %v", method, err)
					}
				}
			}
		})
	}
}

// TestOptionsOfTerminatedContext: libzmq knows options no more, and the error says so.
func TestOptionsOfTerminatedContext(t *testing.T) {
	ctx, err := NewContext()
	must(t, err)
	soc := fresh(t, ctx, DEALER)
	done := make(chan error)
	go func() { done <- ctx.Term() }()
	soc.Recv(0) // until ETERM
	if ev, err := soc.GetEvents(); err != ETERM {
		t.Errorf("GetEvents = %v, %v", ev, err)
	}
	if _, err := soc.GetLinger(); err != ETERM {
		t.Errorf("GetLinger: %v", err)
	}
	if err := soc.SetLinger(0); err != ETERM {
		t.Errorf("SetLinger: %v", err)
	}
	soc.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestReadOnlyOptions(t *testing.T) {
	x, y := socketPair(t, "inproc", PULL, PUSH)
	if typ, err := x.GetType(); typ != PULL || err != nil {
		t.Errorf("GetType = %v, %v", typ, err)
	}
	if safe, err := x.GetThreadSafe(); safe || err != nil {
		t.Errorf("GetThreadSafe = %v, %v", safe, err)
	}
	if m, err := x.GetMechanism(); m != NULL || err != nil {
		t.Errorf("GetMechanism = %v, %v", m, err)
	}
	if fd, err := x.GetFd(); int(fd) < 0 || err != nil {
		t.Errorf("GetFd = %v, %v", fd, err)
	}
	if ep, err := x.GetLastEndpoint(); !strings.HasPrefix(ep, "inproc://") || err != nil {
		t.Errorf("GetLastEndpoint = %q, %v", ep, err)
	}
	for i, get := range []func() (uint64, error){x.GetVmciBufferSize, x.GetVmciBufferMinSize, x.GetVmciBufferMaxSize} {
		if _, err := get(); err != einval {
			t.Errorf("GetVmci %d: %v", i, err)
		}
	}
	if _, err := x.GetVmciConnectTimeout(); err != einval {
		t.Errorf("GetVmciConnectTimeout: %v", err)
	}
	if ev, err := y.GetEvents(); ev != POLLOUT || err != nil {
		t.Errorf("GetEvents = %v, %v", ev, err)
	}
	if ev, err := x.GetEvents(); ev != 0 || err != nil {
		t.Errorf("GetEvents = %v, %v", ev, err)
	}
	send(t, y, "a", "b")
	if ev, err := x.GetEvents(); ev != POLLIN || err != nil {
		t.Errorf("GetEvents = %v, %v", ev, err)
	}
	for _, want := range []bool{true, false} {
		x.Recv(0)
		if more, err := x.GetRcvmore(); more != want || err != nil {
			t.Errorf("GetRcvmore = %v, %v", more, err)
		}
	}
	send(t, y, "a", "b")
	x.RecvMessage(0)
	if more, err := x.GetRcvmore(); more || err != nil {
		t.Errorf("GetRcvmore after RecvMessage = %v, %v", more, err)
	}
}

// TestLastEndpointLong reads an endpoint that is longer than the buffer that is tried first.
func TestLastEndpointLong(t *testing.T) {
	soc := fresh(t, newContext(t), PULL)
	want := "inproc://" + strings.Repeat("x", 3000)
	must(t, soc.Bind(want))
	if got, err := soc.GetLastEndpoint(); got != want || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestCurveKeys(t *testing.T) {
	needCurve(t)
	soc := fresh(t, newContext(t), DEALER)
	raw := strings.Repeat("\x00k", 15) + "\x00\x00"
	z85 := Z85encode(raw)
	for name, key := range map[string]struct {
		set      func(string) error
		raw, z85 func() (string, error)
	}{
		"public": {soc.SetCurvePublickey, soc.GetCurvePublickeyRaw, soc.GetCurvePublickeykeyZ85},
		"secret": {soc.SetCurveSecretkey, soc.GetCurveSecretkeyRaw, soc.GetCurveSecretkeyZ85},
		"server": {soc.SetCurveServerkey, soc.GetCurveServerkeyRaw, soc.GetCurveServerkeyZ85},
	} {
		t.Run(name, func(t *testing.T) {
			want := func(wantRaw string) {
				t.Helper()
				if got, err := key.raw(); got != wantRaw || err != nil {
					t.Errorf("raw = %q, %v, want %q", got, err, wantRaw)
				}
				if got, err := key.z85(); got != Z85encode(wantRaw) || err != nil {
					t.Errorf("Z85 = %q, %v, want %q", got, err, Z85encode(wantRaw))
				}
			}
			want(strings.Repeat("\x00", 32))
			for _, v := range []string{raw, z85} {
				if err := key.set(strings.Repeat("\x01", 32)); err != nil {
					t.Error(err)
				}
				if err := key.set(v); err != nil {
					t.Errorf("set %q: %v", v, err)
				}
				want(raw)
			}
			// The last five characters are bad: libzmq would keep what is before.
			for _, v := range []string{"", z85[:39], z85 + "\x00", z85 + "0", raw[:31], raw + "x", strings.Repeat("1", 39) + "~", strings.Repeat("1", 35) + "#####", strings.Repeat("\x00", 40)} {
				if err := key.set(v); err != einval {
					t.Errorf("set %q: %v", v, err)
				}
				want(raw)
			}
		})
	}
	if m := mechanism(t, soc); m != CURVE {
		t.Errorf("the mechanism is %v", m)
	}
}

// TestPlainEmpty: an empty name or password must not take away a socket's security.
func TestPlainEmpty(t *testing.T) {
	ctx := newContext(t)
	check := func(soc *Socket, what string, err, want error, m Mechanism) {
		t.Helper()
		if err != want {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if got := mechanism(t, soc); got != m {
			t.Errorf("after %s the mechanism is %v, want %v", what, got, m)
		}
	}
	client := fresh(t, ctx, DEALER)
	check(client, "empty name without security", client.SetPlainUsername(""), nil, NULL)
	check(client, "empty password without security", client.SetPlainPassword(""), nil, NULL)
	check(client, "name", client.SetPlainUsername("user"), nil, PLAIN)
	check(client, "empty password", client.SetPlainPassword(""), nil, PLAIN)
	check(client, "password", client.SetPlainPassword("secret"), nil, PLAIN)
	check(client, "empty password after another", client.SetPlainPassword(""), einval, PLAIN)
	check(client, "empty name", client.SetPlainUsername(""), nil, NULL)
	for _, name := range anyText {
		check(client, "name", client.SetPlainUsername(name), nil, PLAIN)
		if got, err := client.GetPlainUsername(); got != name || err != nil {
			t.Errorf("GetPlainUsername = %q, %v", got, err)
		}
	}
	for _, name := range notText {
		check(client, "bad name", client.SetPlainUsername(name), einval, PLAIN)
	}

	server := fresh(t, ctx, DEALER)
	check(server, "server", server.SetPlainServer(1), nil, PLAIN)
	check(server, "empty name on a server", server.SetPlainUsername(""), einval, PLAIN)
	if HasCurve() {
		check(server, "curve", server.SetCurveServer(1), nil, CURVE)
		check(server, "empty name with CURVE", server.SetPlainUsername(""), einval, CURVE)
		check(server, "empty password with CURVE", server.SetPlainPassword(""), nil, CURVE)
	}
}

func TestTimeoutOptions(t *testing.T) {
	ctx := newContext(t)
	x, y := timedSocket(t, ctx, PULL), timedSocket(t, ctx, PUSH)
	err := errors.Join(x.SetRcvhwm(1), y.SetSndhwm(1), x.Bind("inproc://"+t.Name()), y.Connect("inproc://"+t.Name()))
	must(t, err)
	for _, limit := range []time.Duration{500 * time.Microsecond, 30 * ms} {
		must(t, errors.Join(x.SetRcvtimeo(limit), y.SetSndtimeo(limit)))
		start := time.Now()
		if _, err := x.Recv(0); err != eagain {
			t.Errorf("Recv: %v", err)
		}
		if d := time.Since(start); d < max(limit, ms) || d > 5*time.Second {
			t.Errorf("Recv with a limit of %v took %v", limit, d)
		}
		var err error
		for range 100 {
			start = time.Now()
			if _, err = y.Send("x", 0); err != nil {
				break
			}
		}
		if err != eagain {
			t.Errorf("Send: %v", err)
		}
		if d := time.Since(start); d < max(limit, ms) || d > 5*time.Second {
			t.Errorf("Send with a limit of %v took %v", limit, d)
		}
		for err = nil; err == nil; _, err = x.Recv(DONTWAIT) {
		}
	}
}

func TestConflate(t *testing.T) {
	ctx := newContext(t)
	x, y := timedSocket(t, ctx, PULL), timedSocket(t, ctx, PUSH)
	err := errors.Join(x.SetConflate(true), y.SetConflate(true), x.Bind("inproc://"+t.Name()), y.Connect("inproc://"+t.Name()))
	must(t, err)
	for _, s := range []string{"1", "2", "3"} {
		send(t, y, s)
	}
	if got, err := x.Recv(0); got != "3" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := x.Recv(DONTWAIT); err != eagain {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSubscriptions(t *testing.T) {
	for name, invert := range map[string]bool{"matching": false, "inverted": true} {
		t.Run(name, func(t *testing.T) {
			ctx := newContext(t)
			pub, sub := timedSocket(t, ctx, XPUB), timedSocket(t, ctx, SUB)
			err := errors.Join(pub.SetInvertMatching(toInt(invert)), sub.SetInvertMatching(toInt(invert)), pub.Bind("inproc://"+t.Name()), sub.Connect("inproc://"+t.Name()))
			must(t, err)
			must(t, sub.SetSubscribe("\x00a\x00"))
			expect(t, pub, "\x01\x00a\x00")
			for _, m := range []string{"\x00a", "\x00a\x00", "\x00a\x00b", "z"} {
				send(t, pub, m)
			}
			if invert {
				expect(t, sub, "\x00a", "z")
			} else {
				expect(t, sub, "\x00a\x00", "\x00a\x00b")
			}
			must(t, sub.SetUnsubscribe("\x00a\x00"))
			expect(t, pub, "\x00\x00a\x00")
		})
	}
}

func TestXpub(t *testing.T) {
	start := func(t *testing.T, peer Type, setup func(pub *Socket) error) (pub, a, b *Socket) {
		ctx := newContext(t)
		pub = timedSocket(t, ctx, XPUB)
		a, b = timedSocket(t, ctx, peer), timedSocket(t, ctx, peer)
		err := errors.Join(setup(pub), pub.Bind("inproc://"+t.Name()), a.Connect("inproc://"+t.Name()), b.Connect("inproc://"+t.Name()))
		must(t, err)
		return pub, a, b
	}
	same := func(t *testing.T, pub, a, b *Socket, want ...string) {
		for i, soc := range []*Socket{a, b} {
			must(t, errors.Join(soc.SetSubscribe("s"), soc.SetUnsubscribe("s"), soc.SetSubscribe("t"), soc.SetSubscribe("end"[:i+2])))
		}
		expect(t, pub, want...)
	}
	t.Run("default", func(t *testing.T) {
		pub, a, b := start(t, SUB, func(*Socket) error { return nil })
		same(t, pub, a, b, "\x01s", "\x00s", "\x01t", "\x01en", "\x01s", "\x00s", "\x01end")
	})
	t.Run("verbose", func(t *testing.T) {
		pub, a, b := start(t, SUB, func(pub *Socket) error { return pub.SetXpubVerbose(1) })
		same(t, pub, a, b, "\x01s", "\x00s", "\x01t", "\x01en", "\x01s", "\x00s", "\x01t", "\x01end")
	})
	t.Run("verboser", func(t *testing.T) {
		pub, a, b := start(t, SUB, func(pub *Socket) error { return pub.SetXpubVerboser(1) })
		same(t, pub, a, b, "\x01s", "\x00s", "\x01t", "\x01en", "\x01s", "\x00s", "\x01t", "\x01end")
		must(t, errors.Join(a.SetUnsubscribe("t"), b.SetUnsubscribe("t")))
		expect(t, pub, "\x00t", "\x00t")
	})
	t.Run("manual", func(t *testing.T) {
		pub, a, _ := start(t, XSUB, func(pub *Socket) error { return pub.SetXpubManual(1) })
		send(t, a, "\x01asked")
		expect(t, pub, "\x01asked")
		must(t, pub.SetSubscribe("given"))
		send(t, pub, "asked for")
		send(t, pub, "given to")
		expect(t, a, "given to")
	})
	t.Run("nodrop", func(t *testing.T) {
		pub, a, _ := start(t, SUB, func(pub *Socket) error { return errors.Join(pub.SetXpubNodrop(true), pub.SetSndhwm(1)) })
		must(t, a.SetSubscribe(""))
		expect(t, pub, "\x01")
		for range 10000 {
			if _, err := pub.Send("x", DONTWAIT); err == eagain {
				return
			}
		}
		t.Error("10000 messages to a subscriber that takes none")
	})
	t.Run("welcome", func(t *testing.T) {
		ctx := newContext(t)
		pub, sub := timedSocket(t, ctx, XPUB), timedSocket(t, ctx, SUB)
		const welcome = "w\x00elcome\x00\x00"
		err := errors.Join(pub.SetXpubWelcomeMsg(welcome), pub.Bind("inproc://"+t.Name()), sub.SetSubscribe("w"), sub.Connect("inproc://"+t.Name()))
		must(t, err)
		expect(t, pub, "\x01w")
		expect(t, sub, welcome)
	})
}

func TestRouterMandatory(t *testing.T) {
	router := timedSocket(t, newContext(t), ROUTER)
	if _, err := router.SendMessage("nobody", "x"); err != nil {
		t.Errorf("by default: %v", err)
	}
	must(t, router.SetRouterMandatory(1))
	if _, err := router.SendMessage("nobody", "x"); err != EHOSTUNREACH {
		t.Errorf("mandatory: %v", err)
	}
}

// TestConnectRid sends to a peer under the id that was given to it, at once.
func TestConnectRid(t *testing.T) {
	ctx := newContext(t)
	router, dealer := timedSocket(t, ctx, ROUTER), timedSocket(t, ctx, DEALER)
	const id = "peer\x00\x00"
	err := errors.Join(dealer.Bind("tcp://127.0.0.1:*"), router.SetRouterMandatory(1), router.SetConnectRid(id))
	must(t, err)
	endpoint, err := dealer.GetLastEndpoint()
	must(t, err)
	must(t, router.Connect(endpoint))
	send(t, router, id, "hello")
	expect(t, dealer, "hello")
}

func TestIpcFilter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("libzmq does not know who connects")
	}
	for name, test := range map[string]struct {
		filter func(*Socket) error
		want   Event
	}{
		"own user":    {func(soc *Socket) error { return soc.SetIpcFilterUid(os.Getuid()) }, EVENT_ACCEPTED},
		"own group":   {func(soc *Socket) error { return soc.SetIpcFilterGid(os.Getgid()) }, EVENT_ACCEPTED},
		"own process": {func(soc *Socket) error { return soc.SetIpcFilterPid(os.Getpid()) }, EVENT_ACCEPTED},
		"other user":  {func(soc *Socket) error { return soc.SetIpcFilterUid(os.Getuid() + 1) }, EVENT_ACCEPT_FAILED},
		"other group": {func(soc *Socket) error { return soc.SetIpcFilterGid(os.Getgid() + 54321) }, EVENT_ACCEPT_FAILED},
		"init":        {func(soc *Socket) error { return soc.SetIpcFilterPid(1) }, EVENT_ACCEPT_FAILED},
		"taken back": {func(soc *Socket) error {
			return errors.Join(soc.SetIpcFilterUid(os.Getuid()+1), soc.SetIpcFilterUid(-1))
		}, EVENT_ACCEPTED},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := newContext(t)
			x, y, monitor := timedSocket(t, ctx, PULL), timedSocket(t, ctx, PUSH), timedSocket(t, ctx, PAIR)
			endpoint := "ipc://" + t.TempDir() + "/s"
			err := errors.Join(test.filter(x), x.Monitor("inproc://monitor", EVENT_ACCEPTED|EVENT_ACCEPT_FAILED), monitor.Connect("inproc://monitor"), x.Bind(endpoint), y.Connect(endpoint))
			must(t, err)
			if ev, _, _, err := monitor.RecvEvent(0); ev != test.want || err != nil {
				t.Errorf("%v, %v, want %v", ev, err, test.want)
			}
		})
	}
}

func TestOptionByNumber(t *testing.T) {
	soc := newSocket(t, newContext(t), DEALER)
	const affinity, identity, maxmsgsize, linger, ipv6, backlog, plainUsername = 4, 5, 22, 17, 42, 19, 45
	for _, tt := range []struct {
		option     int
		value, got any
		want       string
	}{
		{backlog, 7, new(int), "7"},
		{ipv6, true, new(bool), "true"},
		{linger, 1500 * time.Microsecond, new(time.Duration), "2ms"},
		{linger, -time.Hour, new(time.Duration), "-1ns"},
		{maxmsgsize, int64(1) << 40, new(int64), fmt.Sprint(1 << 40)},
		{affinity, uint64(1)<<40 + 1, new(uint64), fmt.Sprint(1<<40 + 1)},
		{identity, "a\x00b", new(string), "a\x00b"},
		{identity, []byte("bytes"), new([]byte), "[98 121 116 101 115]"},
		{plainUsername, "user", new(string), "user\x00"},
	} {
		if err := soc.SetOption(tt.option, tt.value); err != nil {
			t.Errorf("option %d = %v: %v", tt.option, tt.value, err)
		}
		if err := soc.GetOption(tt.option, tt.got); err != nil {
			t.Errorf("option %d: %v", tt.option, err)
		}
		var got string
		switch v := tt.got.(type) {
		case *int:
			got = fmt.Sprint(*v)
		case *bool:
			got = fmt.Sprint(*v)
		case *time.Duration:
			got = fmt.Sprint(*v)
		case *int64:
			got = fmt.Sprint(*v)
		case *uint64:
			got = fmt.Sprint(*v)
		case *string:
			got = *v
		case *[]byte:
			got = fmt.Sprint(*v)
		}
		if got != tt.want {
			t.Errorf("option %d: %q, want %q", tt.option, got, tt.want)
		}
	}
	for _, bad := range []struct {
		option int
		value  any
	}{{backlog, "texts"}, {backlog, int64(1)}, {backlog, 1 << 40}, {-1, 1}, {1 << 40, 1}, {100000, 1}, {backlog, 1.5}, {backlog, nil}} {
		if err := soc.SetOption(bad.option, bad.value); !errors.Is(err, einval) {
			t.Errorf("set option %d = %v: %v", bad.option, bad.value, err)
		}
		if err := soc.GetOption(bad.option, bad.value); !errors.Is(err, einval) {
			t.Errorf("get option %d: %v", bad.option, err)
		}
	}
	// What the package itself goes by is noticed.
	must(t, soc.SetOption(27, time.Millisecond)) // ZMQ_RCVTIMEO
	within(t, patience, "Recv", func() {
		if _, err := soc.Recv(0); err != eagain {
			t.Error(err)
		}
	})
}

// A newerOption is an option that not every libzmq has.
type newerOption struct {
	optionTest
	since feature
	needs string // a capability
}

func newerOptionTests() []newerOption {
	soc := func(name string, typ Type, since feature, run func(*testing.T, *Socket)) newerOption {
		return newerOption{optionTest{name, typ, run}, since, ""}
	}
	wss := func(name string, run func(*testing.T, *Socket)) newerOption {
		return newerOption{optionTest{name, DEALER, run}, draft433, "WSS"}
	}
	norm := func(name string, run func(*testing.T, *Socket)) newerOption {
		return newerOption{optionTest{name, PUB, run}, draft435, "norm"}
	}
	longName := strings.Repeat("x", 256)
	pem := []string{"x", strings.Repeat("x", 10000)}
	notPem := []string{"a\x00b"}
	return []newerOption{
		soc("BusyPoll", DEALER, draft435, setOnly((*Socket).SetBusyPoll, []int{0}, wide(-1))),
		soc("DisconnectMsg", ROUTER, draft435, setOnly((*Socket).SetDisconnectMsg, []string{"bye", "a\x00b", ""}, nil)),
		soc("HelloMsg", ROUTER, draft433, setOnly((*Socket).SetHelloMsg, []string{"hello", "a\x00b", ""}, nil)),
		soc("HiccupMsg", DEALER, draft435, setOnly((*Socket).SetHiccupMsg, []string{"hiccup", "a\x00b", ""}, nil)),
		soc("InBatchSize", DEALER, draft432, roundTrip((*Socket).SetInBatchSize, (*Socket).GetInBatchSize, 8192, []int{64, 65536}, wide(63, 0, -1))),
		soc("LoopbackFastpath", DEALER, any424, roundTrip((*Socket).SetLoopbackFastpath, (*Socket).GetLoopbackFastpath, false, onOff, nil)),
		soc("Metadata", DEALER, any424, setOnly((*Socket).SetMetadata, []string{"X-key:value", "X-other:a:b"}, []string{"", "key:value", "X-key", "X-key:", ":x", "X-a\x00:b", "X-" + longName + ":x"})),
		soc("MulticastLoop", DEALER, any430, roundTrip((*Socket).SetMulticastLoop, (*Socket).GetMulticastLoop, true, onOff, nil)),
		norm("NormBlockSize", roundTrip((*Socket).SetNormBlockSize, (*Socket).GetNormBlockSize, 16, []int{1, 255}, wide(0, -1, 256))),
		norm("NormBufferSize", roundTrip((*Socket).SetNormBufferSize, (*Socket).GetNormBufferSize, 2048, []int{1, 1<<22 - 1}, wide(0, -1, 1<<22))),
		norm("NormMode", roundTrip((*Socket).SetNormMode, (*Socket).GetNormMode, NORM_CC, []NormMode{NORM_FIXED, NORM_CCL, NORM_CCE, NORM_CCE_E}, []NormMode{-1, 5, math.MaxInt32})),
		norm("NormNumAutoparity", roundTrip((*Socket).SetNormNumAutoparity, (*Socket).GetNormNumAutoparity, 0, []int{1, 254}, wide(-1, 255))),
		norm("NormNumParity", roundTrip((*Socket).SetNormNumParity, (*Socket).GetNormNumParity, 4, []int{0, 254}, wide(-1, 255))),
		norm("NormPush", roundTrip((*Socket).SetNormPush, (*Socket).GetNormPush, false, onOff, nil)),
		norm("NormSegmentSize", roundTrip((*Socket).SetNormSegmentSize, (*Socket).GetNormSegmentSize, 1400, []int{100, 65000}, wide(0, -1, 65001, 65536))),
		norm("NormUnicastNack", roundTrip((*Socket).SetNormUnicastNack, (*Socket).GetNormUnicastNack, false, onOff, nil)),
		soc("OnlyFirstSubscribe", XPUB, any433, setOnly((*Socket).SetOnlyFirstSubscribe, onOff, nil)),
		soc("OutBatchSize", DEALER, draft432, roundTrip((*Socket).SetOutBatchSize, (*Socket).GetOutBatchSize, 8192, []int{1, 65536}, wide(0, -1))),
		soc("Priority", DEALER, draft434, roundTrip((*Socket).SetPriority, (*Socket).GetPriority, 0, []int{1, 6}, wide(-1))),
		soc("ReconnectStop", DEALER, any433, roundTrip((*Socket).SetReconnectStop, (*Socket).GetReconnectStop, 0, []ReconnectStop{ReconnectStopConnRefused, ReconnectStopHandshakeFailed, 3}, nil)),
		soc("RouterNotify", ROUTER, draft430, roundTrip((*Socket).SetRouterNotify, (*Socket).GetRouterNotify, 0, []RouterNotifyOption{NotifyConnect, NotifyDisconnect, 3}, []RouterNotifyOption{4, -1})),
		soc("SocksPassword", DEALER, any432, roundTrip((*Socket).SetSocksPassword, (*Socket).GetSocksPassword, "", anyText, []string{longName, "a\x00b"})),
		soc("SocksUsername", DEALER, any432, roundTrip((*Socket).SetSocksUsername, (*Socket).GetSocksUsername, "", anyText, []string{longName, "a\x00b"})),
		wss("WssCertPem", setOnly((*Socket).SetWssCertPem, pem, notPem)),
		wss("WssHostname", setOnly((*Socket).SetWssHostname, pem, notPem)),
		wss("WssKeyPem", setOnly((*Socket).SetWssKeyPem, pem, notPem)),
		wss("WssTrustPem", setOnly((*Socket).SetWssTrustPem, pem, notPem)),
		wss("WssTrustSystem", setOnly((*Socket).SetWssTrustSystem, onOff, nil)),
		soc("XpubManualLastValue", XPUB, any432, setOnly((*Socket).SetXpubManualLastValue, onOff, nil)),
		soc("XsubVerboseUnsubscribe", XSUB, draft435, setOnly((*Socket).SetXsubVerboseUnsubscribe, onOff, nil)),
		soc("ZapEnforceDomain", DEALER, any423, roundTrip((*Socket).SetZapEnforceDomain, (*Socket).GetZapEnforceDomain, false, onOff, nil)),
	}
}

// Newer options that do something that can be seen.
func TestNewerOptions(t *testing.T) {
	t.Run("metadata", func(t *testing.T) {
		ctx := newContext(t)
		a, b := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		must(t, b.SetMetadata("X-name:value"))
		must(t, b.Connect(bindOn(t, a, "tcp")))
		send(t, b, "x")
		within(t, patience, "receive", func() {
			if _, meta, err := a.RecvWithMetadata(0, "X-name"); meta["X-name"] != "value" || err != nil {
				t.Errorf("got %v, %v", meta, err)
			}
		})
	})
	t.Run("hello and disconnect", func(t *testing.T) {
		needDraft(t)
		ctx := newContext(t)
		router, dealer := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER)
		must(t, router.SetHelloMsg("hello"))
		farewell := router.SetDisconnectMsg("bye")
		if want := draft435.missing(); farewell != want {
			t.Errorf("SetDisconnectMsg: %v, want %v", farewell, want)
		}
		must(t, dealer.SetIdentity("peer"))
		must(t, dealer.Connect(bindOn(t, router, "tcp")))
		expect(t, dealer, "hello")
		dealer.Close()
		if farewell == nil {
			expectParts(t, router, "peer", "bye")
		}
	})
	t.Run("notify", func(t *testing.T) {
		needDraft(t)
		ctx := newContext(t)
		router, dealer := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER)
		must(t, router.SetRouterNotify(NotifyConnect|NotifyDisconnect))
		must(t, dealer.SetIdentity("peer"))
		must(t, dealer.Connect(bindOn(t, router, "tcp")))
		expectParts(t, router, "peer", "")
		dealer.Close()
		expectParts(t, router, "peer", "")
	})
	t.Run("topics", func(t *testing.T) {
		soc := newSocket(t, newContext(t), SUB)
		if any435.missing() != nil {
			if _, err := soc.GetTopicsCount(); err != ErrorNotImplemented435 {
				t.Errorf("GetTopicsCount: %v", err)
			}
			return
		}
		must(t, soc.SetSubscribe("a"))
		if n, err := soc.GetTopicsCount(); n != 1 || err != nil {
			t.Errorf("GetTopicsCount = %d, %v", n, err)
		}
	})
}
