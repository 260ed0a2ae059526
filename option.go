// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unsafe"
)

// optNum is the set of numeric types that libzmq uses for option values.
type optNum interface {
	~int32 | ~int64 | ~uint32 | ~uint64 | ~uintptr
}

// setNum sets a numeric option. T must have the width that libzmq documents:
// a value of any other size is refused with EINVAL.
func setNum[T optNum](soc *Socket, option C.int, value T) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	return s.setOption(option, unsafe.Slice((*byte)(unsafe.Pointer(&value)), unsafe.Sizeof(value)))
}

// getNum reads a numeric option.
func getNum[T optNum](soc *Socket, option C.int) (T, error) {
	var value T
	s, err := soc.lock()
	if err != nil {
		return 0, err
	}
	defer s.unlock()
	if option == C.ZMQ_FD {
		s.ahead.never = true // it does not tell of messages that are not in libzmq
		s.setAhead()
	}
	size := C.size_t(unsafe.Sizeof(value))
	err = check(C.zmq4_getsockopt(s.h(), option, (*C.uchar)(unsafe.Pointer(&value)), &size))
	return value, err
}

// invalid is the error for a value that libzmq is not asked about.
func (soc *Socket) invalid() error { return soc.unlessClosed(einval) }

// unlessClosed returns err, or ErrorSocketClosed for a socket that is closed.
func (soc *Socket) unlessClosed(err error) error {
	if _, e := soc.Context(); e != nil {
		return e
	}
	return err
}

// setC sets an option of type int. A value that C's int cannot hold returns EINVAL.
func (soc *Socket) setC(option C.int, value int64) error {
	if value < math.MinInt32 || value > math.MaxInt32 {
		return soc.invalid()
	}
	return setNum(soc, option, C.int(value))
}

func (soc *Socket) setInt(option C.int, value int) error { return soc.setC(option, int64(value)) }

func (soc *Socket) getInt(option C.int) (int, error) {
	value, err := getNum[C.int](soc, option)
	return int(value), err
}

func (soc *Socket) setBool(option C.int, value bool) error {
	return soc.setC(option, int64(toInt(value)))
}

func (soc *Socket) getBool(option C.int) (bool, error) {
	value, err := soc.getInt(option)
	return value != 0, err
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// millis rounds d up to whole milliseconds. Any negative d is -1.
func millis(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond != 0 {
		ms++
	}
	return ms
}

// setDuration sets an option in milliseconds. Fractions are rounded up. Any
// negative duration is -1, which means "no limit" or returns EINVAL.
func (soc *Socket) setDuration(option C.int, value time.Duration) error {
	return soc.setC(option, millis(value))
}

// setLimit is setDuration for an option where 0 means "no limit".
func (soc *Socket) setLimit(option C.int, value time.Duration) error {
	return soc.setDuration(option, max(value, 0))
}

// getDuration reads an option in milliseconds. A negative value is -1.
func (soc *Socket) getDuration(option C.int) (time.Duration, error) {
	value, err := soc.getInt(option)
	if value < 0 {
		return -1, err
	}
	return time.Duration(value) * time.Millisecond, err
}

// setBytes sets an option to the bytes of value. No bytes are NULL.
func (soc *Socket) setBytes(option C.int, value string) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	if value == "" {
		return s.setOption(option, nil)
	}
	return s.setOption(option, unsafe.Slice(unsafe.StringData(value), len(value)))
}

// getBytes reads an option whose value has any size.
func (soc *Socket) getBytes(option C.int) (string, error) {
	// libzmq returns EINVAL if the value does not fit, and for an option that
	// it does not have.
	for n := 256; ; n *= 4 {
		value, err := soc.getSized(option, n)
		if err != einval || n >= 1<<20 {
			return value, err
		}
	}
}

// getSized reads an option into a buffer of n bytes.
func (soc *Socket) getSized(option C.int, n int) (string, error) {
	s, err := soc.lock()
	if err != nil {
		return "", err
	}
	defer s.unlock()
	value := make([]byte, n)
	size := C.size_t(n)
	if err := check(C.zmq4_getsockopt(s.h(), option, (*C.uchar)(unsafe.SliceData(value)), &size)); err != nil {
		return "", err
	}
	if option == C.ZMQ_LAST_ENDPOINT && strings.HasPrefix(string(value[:size]), inprocNames) {
		return s.place.where + "\x00", nil // what libzmq has is the name of a connection that waits or has waited
	}
	return string(value[:size]), nil
}

// getString reads an option that libzmq returns with a NUL behind it.
func (soc *Socket) getString(option C.int) (string, error) {
	value, err := soc.getBytes(option)
	return strings.TrimSuffix(value, "\x00"), err
}

// rawSize is the size of a CURVE key. libzmq tells the two forms apart by it.
const rawSize = 32

// getRawKey reads a CURVE key as bytes.
func (soc *Socket) getRawKey(option C.int) (string, error) { return soc.getSized(option, rawSize) }

// getZ85Key reads a CURVE key in Z85.
func (soc *Socket) getZ85Key(option C.int) (string, error) {
	value, err := soc.getSized(option, z85Size+1)
	return strings.TrimSuffix(value, "\x00"), err
}

// setIf sets an option that not every libzmq has. The error for the others is
// [ErrorNotImplemented42draft], or the one for the version that the option came with.
func setIf[T any](soc *Socket, f feature, option C.int, set func(*Socket, C.int, T) error, value T) error {
	if err := f.missing(); err != nil {
		return soc.unlessClosed(err)
	}
	return set(soc, option, value)
}

// getIf reads an option that not every libzmq has, with the errors of setIf.
func getIf[T any](soc *Socket, f feature, option C.int, get func(*Socket, C.int) (T, error)) (T, error) {
	if err := f.missing(); err != nil {
		var none T
		return none, soc.unlessClosed(err)
	}
	return get(soc, option)
}

// Which libzmq has an option: any build of a version, or one with the draft API.
var (
	any423   = feature{2, 3, false}
	any424   = feature{2, 4, false}
	any430   = feature{3, 0, false}
	any432   = feature{3, 2, false}
	any433   = feature{3, 3, false}
	any435   = feature{3, 5, false}
	draft430 = feature{3, 0, true}
	draft432 = feature{3, 2, true}
	draft433 = feature{3, 3, true}
	draft434 = feature{3, 4, true}
	draft435 = feature{3, 5, true}
)

// SetOption sets an option by its number in zmq.h, for options without a
// method here. The type of value decides what libzmq gets: an int for int,
// bool and time.Duration (milliseconds, rounded up; -1 if negative); 64 bits
// for int64 and uint64; the bytes, without a NUL at the end, for string and
// []byte; no value for nil. Any other type returns EINVAL. An option that has
// a method is checked as the method does. The error is an [*OpError].
//
// Function zmq_setsockopt.
func (soc *Socket) SetOption(option int, value any) error {
	err := soc.invalid()
	if option >= 0 && option <= math.MaxInt32 {
		o := C.int(option)
		switch v := value.(type) {
		case nil:
			err = soc.setBytes(o, "")
		case int:
			err = soc.setInt(o, v)
		case bool:
			err = soc.setBool(o, v)
		case time.Duration:
			err = soc.setDuration(o, v)
		case int64:
			err = setNum(soc, o, v)
		case uint64:
			err = setNum(soc, o, v)
		case string:
			err = soc.setBytes(o, v)
		case []byte:
			err = soc.setBytes(o, unsafe.String(unsafe.SliceData(v), len(v)))
		}
	}
	return soc.opError(fmt.Sprintf("set option %d", option), err)
}

// GetOption reads an option by its number in zmq.h into the variable to which
// value points: an int, bool or time.Duration (milliseconds; -1 if negative),
// an int64 or uint64, or a string or []byte. libzmq ends a text with a NUL,
// which GetOption keeps. Any other type returns EINVAL. The error is an
// [*OpError].
//
// Function zmq_getsockopt.
func (soc *Socket) GetOption(option int, value any) error {
	err := soc.invalid()
	if option >= 0 && option <= math.MaxInt32 {
		o := C.int(option)
		switch v := value.(type) {
		case *int:
			*v, err = soc.getInt(o)
		case *bool:
			*v, err = soc.getBool(o)
		case *time.Duration:
			*v, err = soc.getDuration(o)
		case *int64:
			*v, err = getNum[int64](soc, o)
		case *uint64:
			*v, err = getNum[uint64](soc, o)
		case *string:
			*v, err = soc.getBytes(o)
		case *[]byte:
			var s string
			s, err = soc.getBytes(o)
			*v = []byte(s)
		}
	}
	return soc.opError(fmt.Sprintf("get option %d", option), err)
}
