// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// An option of sockets. The first two of its values are usual ones.
type option struct {
	name   string
	values []any
	set    func(soc *zmq.Socket, value any) error // nil: cannot be set
	get    func(*zmq.Socket) []any                // nil: cannot be read
}

func an[T any](name string, set func(*zmq.Socket, T) error, get func(*zmq.Socket) (T, error), values ...T) option {
	o := option{name: name}
	for _, value := range values {
		o.values = append(o.values, value)
	}
	if set != nil {
		o.set = func(soc *zmq.Socket, value any) error { return set(soc, value.(T)) }
	}
	if get != nil {
		o.get = func(soc *zmq.Socket) []any { return v(get(soc)) }
	}
	return o
}

type (
	setInt    = func(*zmq.Socket, int) error
	getInt    = func(*zmq.Socket) (int, error)
	setTime   = func(*zmq.Socket, time.Duration) error
	getTime   = func(*zmq.Socket) (time.Duration, error)
	setBool   = func(*zmq.Socket, bool) error
	getBool   = func(*zmq.Socket) (bool, error)
	setString = func(*zmq.Socket, string) error
	getString = func(*zmq.Socket) (string, error)
	setUint   = func(*zmq.Socket, uint64) error
	getUint   = func(*zmq.Socket) (uint64, error)
)

func anInt(name string, set setInt, get getInt) option {
	return an(name, set, get, 1, 0, 2, 100, 127, 128, 255, 256, 32767, 32768, math.MaxInt32, 1<<32, 1<<32+1, -1, -2, math.MinInt32, math.MinInt32-1)
}

func aTime(name string, set setTime, get getTime) option {
	const ms, day = time.Millisecond, 24 * time.Hour
	return an(name, set, get, 100*ms, 2*time.Second, 0, 1, 500*time.Microsecond, ms, 1500*time.Microsecond, 50*ms, 150*ms, 6553500*ms, 6553600*ms,
		24*day, 25*day, 50*day, math.MaxInt64, -1, -500*time.Microsecond, -ms, -time.Second, -50*day, math.MinInt64)
}

func aBool(name string, set setBool, get getBool) option { return an(name, set, get, true, false) }

func aString(name string, set setString, get getString, more ...string) option {
	values := []string{"name", "x y", "", "\x00", "\x00a", "a\x00", "a\x00b", "a\x00\x00", "\xff\xfe", strings.Repeat("s", 15), strings.Repeat("s", 16),
		strings.Repeat("s", 255), strings.Repeat("s", 256), strings.Repeat("s", 1023), strings.Repeat("s", 1024), strings.Repeat("s", 2000)}
	return an(name, set, get, append(values, more...)...)
}

func aUint(name string, set setUint, get getUint) option {
	return an(name, set, get, 1, 0, 2, 1<<32, 1<<63, math.MaxUint64)
}

// Two pairs of keys that are in libzmq's documentation.
const (
	serverPublic = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
	serverSecret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
	clientPublic = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
	clientSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
)

func aKey(name string, set setString, get getString) option {
	return an(name, set, get, serverPublic, strings.Repeat("k", 32), "", "key", clientSecret, serverPublic[:39], serverPublic+"0",
		strings.Repeat("k", 31), strings.Repeat("k", 33), strings.Repeat(" ", 40), "~"+serverPublic[1:], serverPublic[:20]+"\x00"+serverPublic[21:],
		strings.Repeat("\x00", 32), strings.Repeat("#", 40))
}

var allOptions = []option{
	an("Affinity", (*zmq.Socket).SetAffinity, (*zmq.Socket).GetAffinity, 1, 0, 2, 1<<32, 1<<63, math.MaxUint64),
	anInt("Backlog", (*zmq.Socket).SetBacklog, (*zmq.Socket).GetBacklog),
	aBool("Conflate", (*zmq.Socket).SetConflate, nil),
	aString("ConnectRid", (*zmq.Socket).SetConnectRid, nil),
	aTime("ConnectTimeout", (*zmq.Socket).SetConnectTimeout, (*zmq.Socket).GetConnectTimeout),
	aKey("CurvePublickey", (*zmq.Socket).SetCurvePublickey, (*zmq.Socket).GetCurvePublickeykeyZ85),
	aKey("CurvePublickey raw", (*zmq.Socket).SetCurvePublickey, (*zmq.Socket).GetCurvePublickeyRaw),
	aKey("CurveSecretkey", (*zmq.Socket).SetCurveSecretkey, (*zmq.Socket).GetCurveSecretkeyZ85),
	aKey("CurveSecretkey raw", (*zmq.Socket).SetCurveSecretkey, (*zmq.Socket).GetCurveSecretkeyRaw),
	anInt("CurveServer", (*zmq.Socket).SetCurveServer, nil),
	aKey("CurveServerkey", (*zmq.Socket).SetCurveServerkey, (*zmq.Socket).GetCurveServerkeyZ85),
	aKey("CurveServerkey raw", (*zmq.Socket).SetCurveServerkey, (*zmq.Socket).GetCurveServerkeyRaw),
	an("Events", nil, (*zmq.Socket).GetEvents),
	aBool("GssapiPlaintext", (*zmq.Socket).SetGssapiPlaintext, (*zmq.Socket).GetGssapiPlaintext),
	aString("GssapiPrincipal", (*zmq.Socket).SetGssapiPrincipal, (*zmq.Socket).GetGssapiPrincipal),
	aBool("GssapiServer", (*zmq.Socket).SetGssapiServer, (*zmq.Socket).GetGssapiServer),
	aString("GssapiServicePrincipal", (*zmq.Socket).SetGssapiServicePrincipal, (*zmq.Socket).GetGssapiServicePrincipal),
	aTime("HandshakeIvl", (*zmq.Socket).SetHandshakeIvl, (*zmq.Socket).GetHandshakeIvl),
	aTime("HeartbeatIvl", (*zmq.Socket).SetHeartbeatIvl, nil),
	aTime("HeartbeatTimeout", (*zmq.Socket).SetHeartbeatTimeout, nil),
	aTime("HeartbeatTtl", (*zmq.Socket).SetHeartbeatTtl, nil),
	aString("Identity", (*zmq.Socket).SetIdentity, (*zmq.Socket).GetIdentity),
	aBool("Immediate", (*zmq.Socket).SetImmediate, (*zmq.Socket).GetImmediate),
	anInt("InvertMatching", (*zmq.Socket).SetInvertMatching, (*zmq.Socket).GetInvertMatching),
	aBool("Ipv6", (*zmq.Socket).SetIpv6, (*zmq.Socket).GetIpv6),
	an("LastEndpoint", nil, (*zmq.Socket).GetLastEndpoint),
	aTime("Linger", (*zmq.Socket).SetLinger, (*zmq.Socket).GetLinger),
	an("Maxmsgsize", (*zmq.Socket).SetMaxmsgsize, (*zmq.Socket).GetMaxmsgsize, 1, 0, 1<<32, math.MaxInt64, -1, -2, math.MinInt64),
	an("Mechanism", nil, (*zmq.Socket).GetMechanism),
	anInt("MulticastHops", (*zmq.Socket).SetMulticastHops, (*zmq.Socket).GetMulticastHops),
	anInt("MulticastMaxtpdu", (*zmq.Socket).SetMulticastMaxtpdu, (*zmq.Socket).GetMulticastMaxtpdu),
	aString("PlainPassword", (*zmq.Socket).SetPlainPassword, (*zmq.Socket).GetPlainPassword),
	anInt("PlainServer", (*zmq.Socket).SetPlainServer, (*zmq.Socket).GetPlainServer),
	aString("PlainUsername", (*zmq.Socket).SetPlainUsername, (*zmq.Socket).GetPlainUsername),
	anInt("ProbeRouter", (*zmq.Socket).SetProbeRouter, nil),
	anInt("Rate", (*zmq.Socket).SetRate, (*zmq.Socket).GetRate),
	anInt("Rcvbuf", (*zmq.Socket).SetRcvbuf, (*zmq.Socket).GetRcvbuf),
	anInt("Rcvhwm", (*zmq.Socket).SetRcvhwm, (*zmq.Socket).GetRcvhwm),
	an("Rcvmore", nil, (*zmq.Socket).GetRcvmore),
	aTime("Rcvtimeo", (*zmq.Socket).SetRcvtimeo, (*zmq.Socket).GetRcvtimeo),
	aTime("ReconnectIvl", (*zmq.Socket).SetReconnectIvl, (*zmq.Socket).GetReconnectIvl),
	aTime("ReconnectIvlMax", (*zmq.Socket).SetReconnectIvlMax, (*zmq.Socket).GetReconnectIvlMax),
	aTime("RecoveryIvl", (*zmq.Socket).SetRecoveryIvl, (*zmq.Socket).GetRecoveryIvl),
	anInt("ReqCorrelate", (*zmq.Socket).SetReqCorrelate, nil),
	anInt("ReqRelaxed", (*zmq.Socket).SetReqRelaxed, nil),
	aBool("RouterHandover", (*zmq.Socket).SetRouterHandover, nil),
	anInt("RouterMandatory", (*zmq.Socket).SetRouterMandatory, nil),
	anInt("RouterRaw", (*zmq.Socket).SetRouterRaw, nil),
	anInt("Sndbuf", (*zmq.Socket).SetSndbuf, (*zmq.Socket).GetSndbuf),
	anInt("Sndhwm", (*zmq.Socket).SetSndhwm, (*zmq.Socket).GetSndhwm),
	aTime("Sndtimeo", (*zmq.Socket).SetSndtimeo, (*zmq.Socket).GetSndtimeo),
	aString("SocksProxy", (*zmq.Socket).SetSocksProxy, (*zmq.Socket).GetSocksProxy, "127.0.0.1:1080"),
	anInt("StreamNotify", (*zmq.Socket).SetStreamNotify, nil),
	aString("Subscribe", (*zmq.Socket).SetSubscribe, nil),
	an("TcpAcceptFilter", (*zmq.Socket).SetTcpAcceptFilter, nil, "127.0.0.1", "127.0.0.0/8", "", "::1", "::/0", "nonsense", "127.0.0.1/33", "127.0.0.1\x00x"),
	anInt("TcpKeepalive", (*zmq.Socket).SetTcpKeepalive, (*zmq.Socket).GetTcpKeepalive),
	anInt("TcpKeepaliveCnt", (*zmq.Socket).SetTcpKeepaliveCnt, (*zmq.Socket).GetTcpKeepaliveCnt),
	anInt("TcpKeepaliveIdle", (*zmq.Socket).SetTcpKeepaliveIdle, (*zmq.Socket).GetTcpKeepaliveIdle),
	anInt("TcpKeepaliveIntvl", (*zmq.Socket).SetTcpKeepaliveIntvl, (*zmq.Socket).GetTcpKeepaliveIntvl),
	aTime("TcpMaxrt", (*zmq.Socket).SetTcpMaxrt, (*zmq.Socket).GetTcpMaxrt),
	an("ThreadSafe", nil, (*zmq.Socket).GetThreadSafe),
	anInt("Tos", (*zmq.Socket).SetTos, (*zmq.Socket).GetTos),
	an("Type", nil, (*zmq.Socket).GetType),
	aString("Unsubscribe", (*zmq.Socket).SetUnsubscribe, nil),
	anInt("UseFd", (*zmq.Socket).SetUseFd, (*zmq.Socket).Getusefd),
	aUint("VmciBufferMaxSize", (*zmq.Socket).SetVmciBufferMaxSize, (*zmq.Socket).GetVmciBufferMaxSize),
	aUint("VmciBufferMinSize", (*zmq.Socket).SetVmciBufferMinSize, (*zmq.Socket).GetVmciBufferMinSize),
	aUint("VmciBufferSize", (*zmq.Socket).SetVmciBufferSize, (*zmq.Socket).GetVmciBufferSize),
	aTime("VmciConnectTimeout", (*zmq.Socket).SetVmciConnectTimeout, (*zmq.Socket).GetVmciConnectTimeout),
	anInt("XpubManual", (*zmq.Socket).SetXpubManual, nil),
	aBool("XpubNodrop", (*zmq.Socket).SetXpubNodrop, nil),
	anInt("XpubVerbose", (*zmq.Socket).SetXpubVerbose, nil),
	anInt("XpubVerboser", (*zmq.Socket).SetXpubVerboser, nil),
	aString("XpubWelcomeMsg", (*zmq.Socket).SetXpubWelcomeMsg, nil),
	aString("ZapDomain", (*zmq.Socket).SetZapDomain, (*zmq.Socket).GetZapDomain),
}

// label names a call with a value.
func (o option) label(value any) string {
	switch value := value.(type) {
	case string:
		return fmt.Sprintf("%s(%s)", o.name, quoted(value))
	case time.Duration:
		switch value {
		case math.MaxInt64:
			return o.name + "(max)"
		case math.MinInt64:
			return o.name + "(min)"
		}
		if days := value / (24 * time.Hour); days != 0 {
			return fmt.Sprintf("%s(%d days)", o.name, days)
		}
	}
	return fmt.Sprintf("%s(%v)", o.name, value)
}

// use sets and reads the option. An error should leave it as it was.
func (o option) use(soc *zmq.Socket, value any) []any {
	if o.get == nil {
		return v(o.set(soc, value))
	}
	before := texts(o.get(soc))
	err := o.set(soc, value)
	after := texts(o.get(soc))
	switch {
	case err == nil:
		return v(raw("nil then " + strings.TrimSuffix(after, ", nil")))
	case after != before:
		return v(err, raw("changed to "+after))
	}
	return v(err)
}

// options sets each option of sockets of each type to each value.
func options() {
	ctx := got(zmq.NewContext())
	must(ctx.SetMaxSockets(10000))
	for _, o := range allOptions {
		if o.get != nil {
			var r results
			for _, t := range types {
				soc := got(ctx.NewSocket(t))
				r.add(t.String(), o.get(soc)...)
				must(soc.Close())
			}
			say(o.name, &r)
		}
		for _, value := range o.values {
			var r results
			for _, t := range types {
				soc := openIn(ctx, t)
				r.add(t.String(), o.use(soc, value)...)
				must(soc.SetLinger(0))
				must(soc.Close())
			}
			say(o.label(value), &r)
		}
	}
	say("Term", ctx.Term())
}

// boundOptions does the same with usual values on sockets in use.
func boundOptions() {
	for _, o := range allOptions {
		if o.get != nil && o.name != "LastEndpoint" {
			var r results
			for _, t := range types {
				soc := open(t)
				bind(soc)
				r.add(t.String(), o.get(soc)...)
				must(soc.Close())
			}
			say(o.name, &r)
		}
		for i, value := range o.values {
			if i == 2 {
				break
			}
			var r results
			for _, t := range types {
				soc := open(t)
				must(soc.Bind("tcp://127.0.0.1:*"))
				must(soc.Connect("tcp://127.0.0.1:1"))
				r.add(t.String(), o.use(soc, value)...)
				must(soc.SetLinger(0))
				must(soc.Close())
			}
			say(o.label(value), &r)
		}
	}
}

// optionLines sets and reads each option of one socket: a line for all.
func optionLines(soc *zmq.Socket) {
	var sets, gets results
	for _, o := range allOptions {
		if o.set != nil {
			sets.add(o.name, caught(func() []any { return v(o.set(soc, o.values[0])) })...)
		}
		if o.get != nil {
			gets.add(o.name, withoutZero(caught(func() []any { return o.get(soc) }))...)
		}
	}
	gets.add("Fd", withoutZero(caught(func() []any { return v(soc.GetFd()) }))...)
	say("setters", &sets)
	say("getters", &gets)
}

// withoutZero leaves out a first result that is zero.
func withoutZero(results []any) []any {
	if len(results) == 2 && reflect.ValueOf(results[0]).IsZero() {
		return results[1:]
	}
	return results
}

func closedOptions() {
	soc := open(zmq.DEALER)
	must(soc.Close())
	optionLines(soc)
	var r results
	for _, o := range allOptions { // also where a value is refused before libzmq is asked
		for _, value := range o.values {
			r.add(o.label(value), o.set(soc, value))
		}
	}
	say("setters, all values", &r)
}

// optionStates sets options one after the other, and reads what only changes
// while a socket is used.
func optionStates() {
	a := open(zmq.SUB)
	for i, filter := range []string{"a", "a", "", "\x00"} {
		say(fmt.Sprintf("SetSubscribe %d %q", i, filter), a.SetSubscribe(filter))
	}
	for i, filter := range []string{"a", "a", "a", "", "", "never"} {
		say(fmt.Sprintf("SetUnsubscribe %d %q", i, filter), a.SetUnsubscribe(filter))
	}
	for _, t := range types {
		soc := open(t)
		fd, err := soc.GetFd()
		again, err2 := soc.GetFd()
		say("GetFd "+t.String(), fd > 2, err, fd == again, err2)
		must(soc.Close())
	}
	soc := open(zmq.ROUTER)
	must(soc.SetIdentity("me"))
	say("SetIdentity again", soc.SetIdentity("you"), raw(fmt.Sprint(soc.GetIdentity())))
	say("SetIdentity to nothing", soc.SetIdentity(""), raw(fmt.Sprint(soc.GetIdentity())))
	for i, id := range []string{"rid", "rid", "other"} {
		say(fmt.Sprintf("SetConnectRid %d %q", i, id), soc.SetConnectRid(id))
	}
	must(soc.SetLinger(-1))
	say("GetLinger", v(soc.GetLinger())...)
	say("SetLinger(3ms)", soc.SetLinger(3*time.Millisecond), raw(fmt.Sprint(soc.GetLinger())))
	must(soc.SetLinger(0))
	must(soc.Close())

	soc = open(zmq.PUSH)
	say("GetLastEndpoint", v(soc.GetLastEndpoint())...)
	endpoint := bind(soc)
	say("GetLastEndpoint bound", v(soc.GetLastEndpoint())...)
	must(soc.Connect("inproc://nobody"))
	say("GetLastEndpoint connected over inproc", v(soc.GetLastEndpoint())...)
	must(soc.Connect("tcp://127.0.0.1:1"))
	say("GetLastEndpoint connected", v(soc.GetLastEndpoint())...)
	must(soc.Unbind(endpoint))
	say("GetLastEndpoint unbound", v(soc.GetLastEndpoint())...)
	say("Bind fails", soc.Bind("nonsense"), raw(fmt.Sprint(soc.GetLastEndpoint())))
	must(soc.Close())
}

func security(label string, soc *zmq.Socket) {
	say(label+": mechanism", v(soc.GetMechanism())...)
	say(label+": PLAIN", raw(fmt.Sprint(soc.GetPlainServer())), raw(fmt.Sprint(soc.GetPlainUsername())), raw(fmt.Sprint(soc.GetPlainPassword())))
	say(label+": GSSAPI", raw(fmt.Sprint(soc.GetGssapiServer())), raw(fmt.Sprint(soc.GetGssapiPrincipal())))
	say(label+": domain", v(soc.GetZapDomain())...)
}

// securityOptions sets the options of security in many orders.
func securityOptions() {
	steps := map[string]func(*zmq.Socket) error{
		"ServerAuthNull(d)":          func(s *zmq.Socket) error { return s.ServerAuthNull("d") },
		"ServerAuthNull()":           func(s *zmq.Socket) error { return s.ServerAuthNull("") },
		"ServerAuthPlain(d)":         func(s *zmq.Socket) error { return s.ServerAuthPlain("d") },
		"ServerAuthPlain()":          func(s *zmq.Socket) error { return s.ServerAuthPlain("") },
		"ServerAuthCurve(d)":         func(s *zmq.Socket) error { return s.ServerAuthCurve("d", serverSecret) },
		"ServerAuthCurve(bad)":       func(s *zmq.Socket) error { return s.ServerAuthCurve("d", "bad") },
		"ServerAuthCurve(no domain)": func(s *zmq.Socket) error { return s.ServerAuthCurve("", serverSecret) },
		"ClientAuthPlain(u, p)":      func(s *zmq.Socket) error { return s.ClientAuthPlain("u", "p") },
		"ClientAuthPlain(u, )":       func(s *zmq.Socket) error { return s.ClientAuthPlain("u", "") },
		"ClientAuthPlain(, p)":       func(s *zmq.Socket) error { return s.ClientAuthPlain("", "p") },
		"ClientAuthPlain(, )":        func(s *zmq.Socket) error { return s.ClientAuthPlain("", "") },
		"ClientAuthCurve":            func(s *zmq.Socket) error { return s.ClientAuthCurve(serverPublic, clientPublic, clientSecret) },
		"ClientAuthCurve(bad server)": func(s *zmq.Socket) error {
			return s.ClientAuthCurve("bad", clientPublic, clientSecret)
		},
		"ClientAuthCurve(bad public)": func(s *zmq.Socket) error {
			return s.ClientAuthCurve(serverPublic, "bad", clientSecret)
		},
		"ClientAuthCurve(bad secret)": func(s *zmq.Socket) error {
			return s.ClientAuthCurve(serverPublic, clientPublic, "bad")
		},
		"SetPlainUsername()":      func(s *zmq.Socket) error { return s.SetPlainUsername("") },
		"SetPlainUsername(u)":     func(s *zmq.Socket) error { return s.SetPlainUsername("u") },
		"SetPlainPassword()":      func(s *zmq.Socket) error { return s.SetPlainPassword("") },
		"SetPlainPassword(p)":     func(s *zmq.Socket) error { return s.SetPlainPassword("p") },
		"SetPlainServer(0)":       func(s *zmq.Socket) error { return s.SetPlainServer(0) },
		"SetCurveServer(0)":       func(s *zmq.Socket) error { return s.SetCurveServer(0) },
		"SetCurveServer(1)":       func(s *zmq.Socket) error { return s.SetCurveServer(1) },
		"SetGssapiServer(true)":   func(s *zmq.Socket) error { return s.SetGssapiServer(true) },
		"SetGssapiServer(false)":  func(s *zmq.Socket) error { return s.SetGssapiServer(false) },
		"SetGssapiPrincipal(p)":   func(s *zmq.Socket) error { return s.SetGssapiPrincipal("p") },
		"SetGssapiPlaintext":      func(s *zmq.Socket) error { return s.SetGssapiPlaintext(true) },
		"SetZapDomain()":          func(s *zmq.Socket) error { return s.SetZapDomain("") },
		"SetCurveServerkey(good)": func(s *zmq.Socket) error { return s.SetCurveServerkey(serverPublic) },
		"SetCurveServerkey(bad)":  func(s *zmq.Socket) error { return s.SetCurveServerkey("bad") },
	}
	for _, second := range sorted(steps) {
		soc := open(zmq.DEALER)
		say(second, steps[second](soc))
		security(second, soc)
		must(soc.Close())
		if strings.Contains(second, "bad") || strings.Contains(second, "domain") {
			continue
		}
		var r results
		for _, first := range []string{"ServerAuthPlain(d)", "ServerAuthCurve(d)", "ClientAuthPlain(u, p)", "ClientAuthCurve", "SetGssapiServer(true)"} {
			soc := open(zmq.DEALER)
			must(steps[first](soc))
			err := steps[second](soc)
			mechanism := got(soc.GetMechanism())
			r.add(first, err, raw(mechanism.String()))
			must(soc.Close())
		}
		say(second+" after", &r)
	}
	soc := open(zmq.DEALER)
	must(soc.ClientAuthCurve(serverPublic, clientPublic, clientSecret))
	say("keys", v(soc.GetCurveServerkeyZ85())...)
	say("public", v(soc.GetCurvePublickeykeyZ85())...)
	say("secret", v(soc.GetCurveSecretkeyZ85())...)
	say("raw", v(soc.GetCurveServerkeyRaw())...)
	say("SetCurveServerkey(bad) keeps", soc.SetCurveServerkey("~"+serverPublic[1:]))
	say("keys after", v(soc.GetCurveServerkeyZ85())...)
	must(soc.Close())
}
