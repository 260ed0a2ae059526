// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand"
	"runtime"
	"strings"
	"testing"
	"time"
)

// allTypes are the socket types, with one that each can talk to.
func allTypes() map[Type]Type {
	types := map[Type]Type{
		REQ: REP, REP: REQ, DEALER: ROUTER, ROUTER: DEALER, PUB: SUB, SUB: PUB, XPUB: XSUB, XSUB: XPUB,
		PUSH: PULL, PULL: PUSH, PAIR: PAIR, STREAM: STREAM,
	}
	if HasDraft() {
		for typ, peer := range map[Type]Type{
			CLIENT: SERVER, SERVER: CLIENT, RADIO: DISH, DISH: RADIO, GATHER: SCATTER, SCATTER: GATHER, CHANNEL: CHANNEL, PEER: PEER,
		} {
			types[typ] = peer
		}
	}
	return types
}

// oddValues are values of all sizes that options have.
func oddValues(rnd *rand.Rand) (values [][]byte) {
	for _, v := range []int32{-1, 0, 1, 2, 3, 7, 100, 255, 256, 65535, 65536, 1 << 24, math.MaxInt32, math.MinInt32} {
		values = append(values, binary.NativeEndian.AppendUint32(nil, uint32(v)))
	}
	for _, v := range []uint64{0, 1, 1 << 40, math.MaxInt64, math.MaxUint64} {
		values = append(values, binary.NativeEndian.AppendUint64(nil, v))
	}
	for _, size := range []int{0, 1, 3, 5, 16, 17, 32, 40, 41, 255, 256, 300_000} {
		for _, fill := range []byte{0, 'x', 0xff} {
			values = append(values, []byte(strings.Repeat(string(rune(fill)), size))[:size])
		}
	}
	values = append(values, []byte("X-a:b"), []byte("127.0.0.1"), []byte("127.0.0.1:1"), []byte("::1/0"), []byte("/"), []byte("a/"), []byte("[::1]/129"))
	rnd.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	return values
}

// No value of any option aborts the process, whether it is taken or not: when it is
// set, on a socket that has connections, or when it is used by new ones.
func TestOptionValues(t *testing.T) {
	const lastOption, useFd = 130, 89
	for typ, peer := range allTypes() {
		t.Run(typ.String(), func(t *testing.T) {
			inChild(t, func(t *testing.T) {
				ctx := newContext(t)
				for option := range lastOption {
					soc, other := newSocket(t, ctx, typ), newSocket(t, ctx, peer)
					set := func(soc *Socket) {
						for _, v := range oddValues(rand.New(rand.NewSource(int64(option)))) {
							if option == useFd && len(v) == 4 && int32(binary.NativeEndian.Uint32(v)) > 0 {
								continue // it may be a descriptor of somebody else
							}
							if err := soc.SetOption(option, v); err != nil && AsErrno(errors.Unwrap(err)) == 0 {
								t.Errorf("option %d: %v", option, err)
							}
						}
					}
					use := func() {
						for _, s := range []*Socket{soc, other} {
							s.GetEvents()
							s.SendMessageDontwait("a", "b")
							s.SendMessageDontwait("a")
							s.RecvMessage(DONTWAIT)
						}
						runtime.Gosched()
					}
					set(soc)
					other.Bind("tcp://127.0.0.1:*")
					endpoint, _ := other.GetLastEndpoint()
					soc.Connect(endpoint)
					soc.Bind("tcp://127.0.0.1:*")
					if mine, _ := soc.GetLastEndpoint(); mine != "" {
						other.Connect(mine)
					}
					for range 5 {
						use()
					}
					set(soc)
					for range 5 {
						use()
					}
					other.Close()
					use()
					soc.SetLinger(0)
					soc.Close()
				}
			})
		})
	}
}

// An option that is set by its number has the checks of its setter.
func TestOptionNumberChecked(t *testing.T) {
	ctx := newContext(t)
	public, _, err := NewCurveKeypair()
	curve := HasCurve() && err == nil
	for _, test := range []struct {
		name   string
		typ    Type
		before func(*Socket) error
		option int
		value  any
		named  func(*Socket) error
		want   error
	}{
		{"Tos", DEALER, nil, 57, 256, func(s *Socket) error { return s.SetTos(256) }, einval},
		{"TcpKeepaliveCnt", DEALER, nil, 35, 0, func(s *Socket) error { return s.SetTcpKeepaliveCnt(0) }, einval},
		{"TcpKeepaliveIdle", DEALER, nil, 36, 0, func(s *Socket) error { return s.SetTcpKeepaliveIdle(0) }, einval},
		{"TcpKeepaliveIntvl", DEALER, nil, 37, 0, func(s *Socket) error { return s.SetTcpKeepaliveIntvl(0) }, einval},
		{"RouterMandatory", REP, nil, 33, 1, func(s *Socket) error { return s.SetRouterMandatory(1) }, einval},
		{"RouterRaw", REP, nil, 41, 1, func(s *Socket) error { return s.SetRouterRaw(1) }, einval},
		{"RouterRaw, late", ROUTER, func(s *Socket) error { return s.Bind("tcp://127.0.0.1:*") }, 41, 1, func(s *Socket) error { return s.SetRouterRaw(1) }, einval},
		{"XpubManual", PUB, nil, 71, 1, func(s *Socket) error { return s.SetXpubManual(1) }, einval},
		{"ConnectRid", ROUTER, func(s *Socket) error { return errors.Join(s.SetConnectRid("id"), s.Connect("tcp://127.0.0.1:9")) }, 61, "id", func(s *Socket) error { return s.SetConnectRid("id") }, EADDRINUSE},
		{"ConnectRid by number", ROUTER, func(s *Socket) error { return errors.Join(s.SetOption(61, "id"), s.Connect("tcp://127.0.0.1:9")) }, 61, "id", func(s *Socket) error { return s.SetConnectRid("id") }, EADDRINUSE},
		{"PlainUsername", DEALER, func(s *Socket) error { return s.SetPlainServer(1) }, 45, "", func(s *Socket) error { return s.SetPlainUsername("") }, einval},
		{"PlainPassword", DEALER, func(s *Socket) error { return s.SetPlainPassword("p") }, 46, "", func(s *Socket) error { return s.SetPlainPassword("") }, einval},
		{"PlainPassword, empty", DEALER, func(s *Socket) error { return s.SetPlainUsername("u") }, 46, nil, func(s *Socket) error { return s.SetPlainPassword("") }, nil},
		{"ZapDomain", DEALER, nil, 55, "a\x00", func(s *Socket) error { return s.SetZapDomain("a\x00") }, einval},
		{"TcpAcceptFilter", DEALER, nil, 38, "127.0.0.1\x00", func(s *Socket) error { return s.SetTcpAcceptFilter("127.0.0.1\x00") }, einval},
		{"Subscribe", SUB, nil, 6, make([]byte, maxFilter+1), func(s *Socket) error { return s.SetSubscribe(strings.Repeat("x", maxFilter+1)) }, einval},
		{"CurvePublickey", DEALER, nil, 48, "key", func(s *Socket) error { return s.SetCurvePublickey("key") }, einval},
		{"Immediate", DEALER, nil, 39, 2, nil, einval},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 2 {
				soc := newSocket(t, ctx, test.typ)
				if test.before != nil {
					must(t, test.before(soc))
				}
				err := soc.SetOption(test.option, test.value)
				if err != nil {
					err = errors.Unwrap(err)
				}
				if err != test.want {
					t.Errorf("by number: %v, want %v", err, test.want)
				}
				if test.named == nil {
					continue
				}
				if err := test.named(soc); err != test.want {
					t.Errorf("by name: %v, want %v", err, test.want)
				}
			}
		})
	}
	t.Run("ReconnectIvl", func(t *testing.T) {
		soc := newSocket(t, ctx, DEALER)
		must(t, soc.SetOption(18, time.Duration(0)))
		if got, err := soc.GetReconnectIvl(); got != -1 || err != nil {
			t.Error(got, err)
		}
	})
	t.Run("DisconnectMsg", func(t *testing.T) {
		err := newSocket(t, ctx, ROUTER).SetOption(111, "x")
		if has := draft435.missing() == nil; has != (err == nil) || !has && !errors.Is(err, einval) {
			t.Error(err)
		}
	})
	t.Run("CURVE key", func(t *testing.T) {
		if !curve {
			t.Skip("no CURVE")
		}
		soc := newSocket(t, ctx, DEALER)
		must(t, soc.SetCurvePublickey(public))
		for _, bad := range []string{strings.Repeat("x", 39) + "~", strings.Repeat("x", 31), public + "\x00"} {
			if err := soc.SetOption(48, bad); !errors.Is(err, einval) {
				t.Error(err)
			}
		}
		if got, err := soc.GetCurvePublickeykeyZ85(); got != public || err != nil {
			t.Errorf("a refused key made it %q, %v", got, err)
		}
		for _, good := range []string{public, Z85decode(public)} {
			must(t, soc.SetOption(48, good))
			if got, _ := soc.GetCurvePublickeykeyZ85(); got != public {
				t.Errorf("%q", got)
			}
		}
	})
}
