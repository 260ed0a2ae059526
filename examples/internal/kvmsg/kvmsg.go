// SPDX-License-Identifier: BSD-2-Clause

// Package kvmsg has the messages of the Clustered Hashmap Protocol (ZeroMQ RFC
// 12/CHP), with which the clone programs share a map of keys and values.
//
// All messages but the request for a snapshot have five parts: the key, a
// sequence number of 8 bytes in network order, a UUID of 16 bytes or none, the
// properties as lines "name=value\n", and the value.
package kvmsg

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

// What is no key: the first part of a request for a snapshot, of the message
// that ends a snapshot, and of the heartbeat of a server.
const (
	IcanHaz = "ICANHAZ?"
	KthxBai = "KTHXBAI"
	Hugz    = "HUGZ"
)

// ErrMalformed is in the errors of messages that are not as the protocol says.
var ErrMalformed = errors.New("kvmsg: malformed message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// A UUID tells one update from all others. The zero UUID is none.
type UUID [16]byte

// NewUUID returns a random UUID.
func NewUUID() (u UUID) {
	rand.Read(u[:]) // never fails
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// A Message is one key-value message.
type Message struct {
	Key      string
	Sequence uint64
	UUID     UUID

	// Properties have names without "=" and line ends, which are not empty, and
	// values without line ends.
	Properties map[string]string

	// Body is the value. An empty one deletes the key.
	Body []byte
}

// Parse makes a Message of the parts of one, which it keeps. The error is an
// [ErrMalformed].
func Parse(parts [][]byte) (Message, error) {
	if len(parts) != 5 {
		return Message{}, malformed("%d parts, not 5", len(parts))
	}
	m := Message{Key: string(parts[0]), Body: parts[4]}
	if len(parts[1]) != 8 {
		return Message{}, malformed("sequence number of %d bytes", len(parts[1]))
	}
	m.Sequence = binary.BigEndian.Uint64(parts[1])
	if n := len(parts[2]); n != 0 && n != len(m.UUID) {
		return Message{}, malformed("UUID of %d bytes", n)
	}
	copy(m.UUID[:], parts[2])
	for rest := string(parts[3]); rest != ""; {
		line, after, whole := strings.Cut(rest, "\n")
		name, value, ok := strings.Cut(line, "=")
		if !whole || !ok || name == "" {
			return Message{}, malformed("property %q", line)
		}
		if _, twice := m.Properties[name]; twice {
			return Message{}, malformed("two properties %q", name)
		}
		if m.Properties == nil {
			m.Properties = make(map[string]string)
		}
		m.Properties[name] = value
		rest = after
	}
	return m, nil
}

// ParseUpdate is [Parse] for an update that a server is asked to make, see
// [Message.CheckUpdate].
func ParseUpdate(parts [][]byte) (Message, error) {
	m, err := Parse(parts)
	if err == nil {
		err = m.CheckUpdate()
	}
	if err != nil {
		return Message{}, err
	}
	return m, nil
}

// CheckUpdate returns an [ErrMalformed] unless the message can be an update:
// with a key that is none of the protocol's own words, and with a ttl, if any,
// that can be understood.
func (m Message) CheckUpdate() error {
	switch m.Key {
	case "", KthxBai, Hugz:
		return malformed("key %q", m.Key)
	}
	_, err := m.TTL()
	return err
}

// Parts returns the parts of the message. The error is an [ErrMalformed], if a
// property cannot be sent.
func (m Message) Parts() ([][]byte, error) {
	var properties []byte
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		value := m.Properties[name]
		if name == "" || strings.ContainsAny(name, "=\n") || strings.Contains(value, "\n") {
			return nil, malformed("property %q with the value %q", name, value)
		}
		properties = append(properties, name+"="+value+"\n"...)
	}
	var uuid []byte
	if m.UUID != (UUID{}) {
		uuid = m.UUID[:]
	}
	sequence := binary.BigEndian.AppendUint64(nil, m.Sequence)
	return [][]byte{[]byte(m.Key), sequence, uuid, properties, m.Body}, nil
}

// TTL returns how long the value lives, from the property "ttl", which has whole
// seconds; 0 is for ever. The error is an [ErrMalformed].
func (m Message) TTL() (time.Duration, error) {
	s, ok := m.Properties["ttl"]
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, malformed("ttl %q", s)
	}
	return time.Duration(n) * time.Second, nil
}

// String returns "sequence: key=value", or "sequence: key deleted".
func (m Message) String() string {
	if len(m.Body) == 0 {
		return fmt.Sprintf("%d: %s deleted", m.Sequence, m.Key)
	}
	return fmt.Sprintf("%d: %s=%s", m.Sequence, m.Key, m.Body)
}

// Send sends the message, behind the parts of an envelope.
func (m Message) Send(ctx context.Context, soc *zmq4.Socket, envelope ...[]byte) error {
	parts, err := m.Parts()
	if err != nil {
		return err
	}
	_, err = soc.SendMessageContext(ctx, envelope, parts)
	return err
}

// Recv receives a message.
func Recv(ctx context.Context, soc *zmq4.Socket) (Message, error) {
	parts, err := soc.RecvMessageBytesContext(ctx)
	if err != nil {
		return Message{}, err
	}
	return Parse(parts)
}

// ParseRequest returns what a ROUTER socket has received: the client's routing
// id and the subtree that it wants a snapshot of, which is empty or begins and
// ends with a slash. The error is an [ErrMalformed].
func ParseRequest(parts [][]byte) (client []byte, subtree string, err error) {
	if len(parts) != 3 || string(parts[1]) != IcanHaz {
		return nil, "", malformed("no request for a snapshot")
	}
	subtree = string(parts[2])
	if err := CheckSubtree(subtree); err != nil {
		return nil, "", err
	}
	return parts[0], subtree, nil
}

// CheckSubtree returns an [ErrMalformed] unless subtree is empty, which is
// everything, or a path that begins and ends with a slash.
func CheckSubtree(subtree string) error {
	if subtree != "" && (len(subtree) < 3 || subtree[0] != '/' || subtree[len(subtree)-1] != '/') {
		return malformed("subtree %q", subtree)
	}
	return nil
}

// Fetch asks a server for a snapshot of a subtree over a DEALER socket, and
// returns it with the number of the last update that is in it.
func Fetch(ctx context.Context, dealer *zmq4.Socket, subtree string) (Map, uint64, error) {
	if _, err := dealer.SendMessageContext(ctx, IcanHaz, subtree); err != nil {
		return nil, 0, err
	}
	state := make(Map)
	for {
		m, err := Recv(ctx, dealer)
		if err != nil {
			return nil, 0, err
		}
		if m.Key == KthxBai {
			return state, m.Sequence, nil
		}
		state.Apply(m)
	}
}

// A Map is the state that servers and clients share: the last message of each key.
type Map map[string]Message

// Apply stores the message, or deletes its key if the value is empty.
func (m Map) Apply(msg Message) {
	if len(msg.Body) == 0 {
		delete(m, msg.Key)
	} else {
		m[msg.Key] = msg
	}
}

// Snapshot returns the messages that answer a request for a snapshot: those of
// a subtree, by key, and the one that ends the snapshot, with the number of the
// last update.
//
// They keep their UUIDs and properties, which the protocol leaves out, for servers
// that follow another server.
func (m Map) Snapshot(subtree string, sequence uint64) []Message {
	var list []Message
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(key, subtree) {
			list = append(list, m[key])
		}
	}
	return append(list, Message{Key: KthxBai, Sequence: sequence, Body: []byte(subtree)})
}

// String returns the number of keys, and a checksum of the keys and values, to
// compare maps by.
func (m Map) String() string {
	var all []byte
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = fmt.Appendf(all, "%q=%q\n", key, m[key].Body)
	}
	return fmt.Sprintf("%d keys, checksum %08x", len(m), crc32.ChecksumIEEE(all))
}
