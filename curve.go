// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"unsafe"
)

// z85Size is the size of a CURVE key in Z85.
const z85Size = 40

// z85Digits are the digits of Z85, in the order of their values.
const z85Digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// z85Values has the value of each digit, and 85 for a byte that is none.
var z85Values = func() (values [256]byte) {
	for i := range values {
		values[i] = 85
	}
	for i := range len(z85Digits) {
		values[z85Digits[i]] = byte(i)
	}
	return values
}()

// EncodeZ85 encodes binary data in Z85, the printable form of CURVE keys:
// five characters for every four bytes.
//
// It returns EINVAL if the size of data is not a multiple of 4.
//
// Format of ZeroMQ RFC 32, the same as zmq_z85_encode.
func EncodeZ85(data []byte) (string, error) {
	if len(data)%4 != 0 {
		return "", fmt.Errorf("zmq4: Z85 of %d bytes, not a multiple of 4: %w", len(data), einval)
	}
	text := make([]byte, len(data)/4*5)
	for out := text; len(data) > 0; data, out = data[4:], out[5:] {
		value := binary.BigEndian.Uint32(data)
		for i := 4; i >= 0; i-- {
			out[i] = z85Digits[value%85]
			value /= 85
		}
	}
	return string(text), nil
}

// DecodeZ85 decodes Z85.
//
// It returns EINVAL for a string whose length is not a multiple of 5, for a
// character that is not a digit of Z85, and for five characters whose value
// does not fit into four bytes. The error does not quote the string, which
// may be a secret.
//
// Format of ZeroMQ RFC 32, the same as zmq_z85_decode.
func DecodeZ85(s string) ([]byte, error) {
	if len(s)%5 != 0 {
		return nil, fmt.Errorf("zmq4: Z85 of %d characters, not a multiple of 5: %w", len(s), einval)
	}
	data := make([]byte, 0, len(s)/5*4)
	for i := 0; i < len(s); i += 5 {
		var value uint64
		for j := i; j < i+5; j++ {
			digit := z85Values[s[j]]
			if digit == 85 {
				return nil, fmt.Errorf("zmq4: character %d is not of Z85: %w", j+1, einval)
			}
			value = value*85 + uint64(digit)
		}
		if value > math.MaxUint32 {
			return nil, fmt.Errorf("zmq4: characters %d to %d are too much for Z85: %w", i+1, i+5, einval)
		}
		data = binary.BigEndian.AppendUint32(data, uint32(value))
	}
	return data, nil
}

// Z85encode is [EncodeZ85] for strings. It returns "" where EncodeZ85 returns
// an error.
func Z85encode(data string) string {
	text, _ := EncodeZ85([]byte(data))
	return text
}

// Z85decode is [DecodeZ85] for strings. It returns "" where DecodeZ85 returns
// an error.
func Z85decode(s string) string {
	data, _ := DecodeZ85(s)
	return string(data)
}

// A CurveKeypair is a pair of keys for the CURVE mechanism. Each key is 40
// characters of Z85. Package fmt prints the public key only.
type CurveKeypair struct {
	Public, Secret string
}

// GenerateCurveKeypair makes a new key pair.
//
// It returns [ENOTSUP] if libzmq has no CURVE, see [HasCurve].
//
// Function zmq_curve_keypair.
func GenerateCurveKeypair() (CurveKeypair, error) {
	public, secret, err := NewCurveKeypair()
	return CurveKeypair{public, secret}, err
}

// CurveKeypairOf returns the key pair of a secret key.
//
// It returns EINVAL for a string that is not a key, and [ENOTSUP] if libzmq
// has no CURVE.
//
// Function zmq_curve_public.
func CurveKeypairOf(secret string) (CurveKeypair, error) {
	public, err := AuthCurvePublic(secret)
	if err != nil {
		return CurveKeypair{}, err
	}
	return CurveKeypair{public, secret}, nil
}

// String returns the public key.
func (k CurveKeypair) String() string { return k.Public }

// GoString returns a Go expression without the secret key.
func (k CurveKeypair) GoString() string { return fmt.Sprintf("zmq4.CurveKeypair{Public:%q}", k.Public) }

// LogValue returns the public key, for log/slog.
func (k CurveKeypair) LogValue() slog.Value { return slog.StringValue(k.Public) }

// NewCurveKeypair makes a new key pair for the CURVE mechanism. Each key is
// 40 characters of Z85. [GenerateCurveKeypair] returns it as one value.
//
// It returns [ENOTSUP] if libzmq has no CURVE, see [HasCurve].
//
// Function zmq_curve_keypair.
func NewCurveKeypair() (z85_public_key, z85_secret_key string, err error) {
	var public, secret [z85Size + 1]byte // with a NUL behind
	if err := check(C.zmq4_curve_keypair((*C.uchar)(unsafe.Pointer(&public)), (*C.uchar)(unsafe.Pointer(&secret)))); err != nil {
		return "", "", err
	}
	return string(public[:z85Size]), string(secret[:z85Size]), nil
}

// AuthCurvePublic returns the public key that belongs to a secret key. Both
// are 40 characters of Z85.
//
// It returns EINVAL for a string that is not a key, and [ENOTSUP] if libzmq
// has no CURVE.
//
// Function zmq_curve_public.
func AuthCurvePublic(z85SecretKey string) (z85PublicKey string, err error) {
	// libzmq decodes into 32 bytes, however many the string stands for.
	if len(z85SecretKey) != z85Size || Z85decode(z85SecretKey) == "" {
		return "", einval
	}
	secret, err := cstring(z85SecretKey)
	if err != nil {
		return "", err
	}
	var public [z85Size + 1]byte
	if err := check(C.zmq4_curve_public((*C.uchar)(unsafe.Pointer(&public)), secret)); err != nil {
		return "", err
	}
	return string(public[:z85Size]), nil
}

// section: what is wrong with a key

// A curveArg is a key that was given, and what it is called in an error, which does not quote it.
type curveArg struct{ name, key string }

// curveReason adds to an EINVAL which of the keys is wrong.
func curveReason(err error, args ...curveArg) error {
	if err != einval {
		return err
	}
	if !HasCurve() {
		return fmt.Errorf("libzmq was built without CURVE: %w", err)
	}
	for _, a := range args {
		if reason := keyReason(a.key); reason != "" && len(a.key) != rawSize {
			return fmt.Errorf("the %s %s: %w", a.name, reason, err)
		}
	}
	return err
}

// keyReason says why a string is no CURVE key in Z85. It is "" for one that is.
func keyReason(key string) string {
	switch space := len(key) - len(strings.TrimSpace(key)); {
	case key == "":
		return "is empty"
	case space > 0 && len(key)-space == z85Size:
		return "has white space around it"
	case len(key) == rawSize:
		return "has 32 characters, not the 40 of Z85; EncodeZ85 makes those of 32 bytes"
	case len(key) != z85Size:
		return fmt.Sprintf("has %d characters, not 40", len(key))
	}
	for i := range len(key) {
		if z85Values[key[i]] == 85 {
			return fmt.Sprintf("is not Z85: its character %d is not one of it", i+1)
		}
	}
	if Z85decode(key) == "" {
		return "is not Z85: five of its characters stand for too large a number"
	}
	return ""
}

// checkCurvePair returns an error if a public key does not belong to a secret key.
func checkCurvePair(public, secret string) error {
	of, err := AuthCurvePublic(secret)
	if err != nil || of == public || len(public) != z85Size {
		return nil // raw keys are not compared
	}
	if of, err = AuthCurvePublic(public); err == nil && of == secret {
		return fmt.Errorf("the public and the secret key are the wrong way round: %w", error(einval))
	}
	return fmt.Errorf("the public key does not belong to the secret key: %w", error(einval))
}
