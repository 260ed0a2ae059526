// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"encoding/binary"
	"math"
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

// Z85encode encodes binary data in Z85, the printable form of CURVE keys,
// which has five characters for each four bytes.
//
// Data whose size is not a multiple of 4 has no such form: the result is then
// empty, as it is for empty data.
//
// Format of ZeroMQ RFC 32, as of zmq_z85_encode.
func Z85encode(data string) string {
	if len(data)%4 != 0 {
		return ""
	}
	text := make([]byte, len(data)/4*5)
	for out := text; len(data) > 0; data, out = data[4:], out[5:] {
		value := binary.BigEndian.Uint32([]byte(data[:4]))
		for i := 4; i >= 0; i-- {
			out[i] = z85Digits[value%85]
			value /= 85
		}
	}
	return string(text)
}

// Z85decode decodes Z85.
//
// A string that is not Z85 gives an empty result: one whose length is not a
// multiple of 5, that has a character which is not a digit of Z85, or five
// characters that stand for more than four bytes can hold. So does the empty
// string.
//
// Format of ZeroMQ RFC 32, as of zmq_z85_decode.
func Z85decode(s string) string {
	if len(s)%5 != 0 {
		return ""
	}
	data := make([]byte, 0, len(s)/5*4)
	for ; len(s) > 0; s = s[5:] {
		var value uint64
		for i := range 5 {
			digit := z85Values[s[i]]
			if digit == 85 {
				return ""
			}
			value = value*85 + uint64(digit)
		}
		if value > math.MaxUint32 {
			return ""
		}
		data = binary.BigEndian.AppendUint32(data, uint32(value))
	}
	return string(data)
}

// NewCurveKeypair makes a new pair of keys for the [CURVE] mechanism, each of
// 40 characters of Z85.
//
// The error is [ENOTSUP] if libzmq has no CURVE, see [HasCurve].
//
// Function zmq_curve_keypair.
func NewCurveKeypair() (z85_public_key, z85_secret_key string, err error) {
	var public, secret [z85Size + 1]byte // with a NUL behind
	if err := check(C.zmq4_curve_keypair((*C.uchar)(unsafe.Pointer(&public)), (*C.uchar)(unsafe.Pointer(&secret)))); err != nil {
		return "", "", err
	}
	return string(public[:z85Size]), string(secret[:z85Size]), nil
}

// AuthCurvePublic returns the public key that belongs to a secret key, both of
// 40 characters of Z85.
//
// The error is EINVAL for a string that is not such a key, and [ENOTSUP] if
// libzmq has no CURVE.
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
