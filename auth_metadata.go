// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
)

// maxMetadataKey is the most bytes of a metadata key, and of a User-Id.
const maxMetadataKey = 255

// A metadataFunc returns the metadata of a client. Several goroutines call it
// at a time.
type metadataFunc func(ctx context.Context, r *zapRequest) (map[string]string, error)

// AuthSetMetadataHandler sets a function that is called for each client that
// is let in. The properties that it returns are attached to every message of
// that client, see [Socket.RecvWithMetadata]. The value of "User-Id", of up
// to 255 bytes, becomes the client's user id. By default, and with nil, there
// are none.
//
// The arguments are those of ZeroMQ RFC 27. The credentials are the user name
// and the password for PLAIN, the client's public key as 32 bytes for CURVE,
// and the principal for GSSAPI.
//
// The handler is called for one client at a time. Other clients wait for it,
// for at most 30 s. The package does not modify the returned map; the handler
// must not modify it later either. A key that is empty or longer than 255
// bytes is logged and left out. A client is refused if the handler panics, if
// the User-Id is too long, or if its turn does not come in 30 s. If 1024
// clients wait, further ones are told to try again.
func AuthSetMetadataHandler(
	handler func(
		version, request_id, domain, address, identity, mechanism string, credentials ...string) (metadata map[string]string)) {
	if handler == nil {
		auth.setMetadata(nil)
		return
	}
	one := make(chan struct{}, 1)
	auth.setMetadata(func(ctx context.Context, r *zapRequest) (map[string]string, error) {
		select {
		case one <- struct{}{}:
			defer func() { <-one }()
			return handler(r.version, r.id, r.domain, r.address, r.identity, r.mechanism, r.credentials...), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

// setMetadata sets a handler that may be called by several goroutines at a time.
func (a *Authenticator) setMetadata(f metadataFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.metadata = f
}

// AuthMetaBlob encodes a property for the metadata of a ZAP reply, for
// programs that have their own ZAP handler. It returns an error for a key
// that is empty or longer than 255 bytes, and for a value of more than 2 GiB.
func AuthMetaBlob(key, value string) (blob []byte, err error) {
	switch {
	case key == "":
		return []byte{}, errors.New("zmq4: empty metadata key")
	case len(key) > maxMetadataKey:
		return []byte{}, errors.New("Key too long")
	case len(value) > math.MaxInt32:
		return []byte{}, errors.New("zmq4: metadata value longer than 2 GiB")
	}
	blob = make([]byte, 0, 1+len(key)+4+len(value))
	blob = append(blob, byte(len(key)))
	blob = append(blob, key...)
	blob = binary.BigEndian.AppendUint32(blob, uint32(len(value)))
	return append(blob, value...), nil
}

// welcome makes the reply for a client that is let in.
func (a *Authenticator) welcome(r *zapRequest, metadata map[string]string) zapReply {
	reply := zapWelcome
	if a != auth {
		reply.userID = r.who()
	}
	for key, value := range metadata {
		if key == "User-Id" {
			reply.userID = value
			continue
		}
		blob, err := AuthMetaBlob(key, value)
		if err != nil {
			a.complain("metadata %.40q is left out: %v", key, err)
			continue
		}
		reply.metadata = append(reply.metadata, blob...)
	}
	if len(reply.userID) > maxMetadataKey {
		// Without it the client would pass for somebody else.
		a.complain("DENIED: a User-Id longer than 255 bytes")
		return zapFailed
	}
	return reply
}
