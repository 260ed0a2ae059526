// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"math"
	"strings"
	"time"
	"unsafe"
)

// optNum is the set of numeric types that libzmq uses for option values.
type optNum interface{ ~int32 | ~int64 | ~uint64 }

// setNum sets a numeric option. T must have the width that libzmq documents:
// a value of any other size is refused with EINVAL.
func setNum[T optNum](soc *Socket, option C.int, value T) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	return s.setOption(option, (*C.uchar)(unsafe.Pointer(&value)), unsafe.Sizeof(value))
}

// getNum reads a numeric option.
func getNum[T optNum](soc *Socket, option C.int) (T, error) {
	var value T
	s, err := soc.lock()
	if err != nil {
		return 0, err
	}
	defer s.unlock()
	size := C.size_t(unsafe.Sizeof(value))
	err = check(C.zmq4_getsockopt(s.h(), option, (*C.uchar)(unsafe.Pointer(&value)), &size))
	return value, err
}

// setOption sets an option of a locked socket, and takes note of those that
// decide what the package does.
func (s *socket) setOption(option C.int, value *C.uchar, size uintptr) error {
	if err := check(C.zmq4_setsockopt(s.h(), option, value, C.size_t(size))); err != nil {
		return err
	}
	switch option {
	case C.ZMQ_RCVTIMEO:
		s.rcvtimeo = time.Duration(*(*C.int)(unsafe.Pointer(value))) * time.Millisecond
	case C.ZMQ_SNDTIMEO:
		s.sndtimeo = time.Duration(*(*C.int)(unsafe.Pointer(value))) * time.Millisecond
	case C.ZMQ_CONFLATE:
		s.conflate = *(*C.int)(unsafe.Pointer(value)) != 0
	case C.ZMQ_ZAP_DOMAIN, C.ZMQ_PLAIN_SERVER, C.ZMQ_CURVE_SERVER, C.ZMQ_GSSAPI_SERVER:
		return auth.protect(s.ctx.c)
	}
	return nil
}

// setInt sets an option of type int. A value that C's int cannot hold is EINVAL.
func (soc *Socket) setInt(option C.int, value int) error {
	if value < math.MinInt32 || value > math.MaxInt32 {
		if _, err := soc.Context(); err != nil {
			return err
		}
		return einval
	}
	return setNum(soc, option, C.int(value))
}

func (soc *Socket) getInt(option C.int) (int, error) {
	value, err := getNum[C.int](soc, option)
	return int(value), err
}

func (soc *Socket) setBool(option C.int, value bool) error {
	n := 0
	if value {
		n = 1
	}
	return soc.setInt(option, n)
}

func (soc *Socket) getBool(option C.int) (bool, error) {
	value, err := soc.getInt(option)
	return value != 0, err
}

// setDuration sets an option in milliseconds. Fractions are rounded up, any
// negative duration is given to libzmq as negative, which is -1 where that
// means "no limit" and EINVAL elsewhere.
func (soc *Socket) setDuration(option C.int, value time.Duration) error {
	return soc.setInt(option, millis(value))
}

// getDuration reads an option in milliseconds. A negative value is -1.
func (soc *Socket) getDuration(option C.int) (time.Duration, error) {
	value, err := soc.getInt(option)
	if value < 0 {
		return -1, err
	}
	return time.Duration(value) * time.Millisecond, err
}

// millis rounds d up to whole milliseconds. Any negative d is -1.
func millis(d time.Duration) int {
	if d < 0 {
		return -1
	}
	ms := d / time.Millisecond
	if d%time.Millisecond != 0 {
		ms++
	}
	return int(min(ms, math.MaxInt64))
}

// setBytes sets an option to the bytes of value, which may be any.
func (soc *Socket) setBytes(option C.int, value string) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	return s.setOption(option, (*C.uchar)(unsafe.StringData(value)), uintptr(len(value)))
}

// setString sets an option that libzmq keeps as a C string: EINVAL for a NUL.
func (soc *Socket) setString(option C.int, value string) error {
	if strings.IndexByte(value, 0) >= 0 {
		if _, err := soc.Context(); err != nil {
			return err
		}
		return einval
	}
	return soc.setBytes(option, value)
}

// setNull sets an option to nothing, which some options tell from an empty string.
func (soc *Socket) setNull(option C.int) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	return s.setOption(option, nil, 0)
}

// getBytes reads a binary option.
func (soc *Socket) getBytes(option C.int) (string, error) {
	s, err := soc.lock()
	if err != nil {
		return "", err
	}
	defer s.unlock()
	// libzmq gives EINVAL if the value does not fit, and for an option that
	// it does not know.
	for n := 256; ; n *= 4 {
		value := make([]byte, n)
		size := C.size_t(n)
		err := check(C.zmq4_getsockopt(s.h(), option, (*C.uchar)(unsafe.SliceData(value)), &size))
		if err == nil {
			return string(value[:size]), nil
		}
		if err != einval || n >= 1<<20 {
			return "", err
		}
	}
}

// getString reads an option that libzmq returns with a NUL behind it.
func (soc *Socket) getString(option C.int) (string, error) {
	value, err := soc.getBytes(option)
	return strings.TrimSuffix(value, "\x00"), err
}
