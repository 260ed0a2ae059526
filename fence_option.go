// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// setOption sets an option of a locked socket, and takes note of those that
// decide what the package does.
func (s *socket) setOption(option C.int, value *C.uchar, size uintptr) error {
	if (option == C.ZMQ_SNDHWM || option == C.ZMQ_RCVHWM) && s.c.attached != 0 {
		s.settle()
	}
	if err := check(C.zmq4_setsockopt(s.h(), option, value, C.size_t(size))); err != nil {
		return err
	}
	switch option {
	case C.ZMQ_RCVTIMEO:
		s.rcvtimeo = time.Duration(*(*C.int)(unsafe.Pointer(value))) * time.Millisecond
	case C.ZMQ_SNDTIMEO:
		s.sndtimeo = time.Duration(*(*C.int)(unsafe.Pointer(value))) * time.Millisecond
	case C.ZMQ_CONFLATE:
		if s.conflate = *(*C.int)(unsafe.Pointer(value)) != 0; s.conflate {
			s.asked = 1
			s.setAhead()
		}
	case C.ZMQ_SUBSCRIBE, C.ZMQ_UNSUBSCRIBE:
		s.subscribed(option, string(unsafe.Slice((*byte)(value), size)))
	case C.ZMQ_ZAP_DOMAIN, C.ZMQ_PLAIN_SERVER, C.ZMQ_CURVE_SERVER, C.ZMQ_GSSAPI_SERVER:
		return zap.protect(s.ctx.c)
	}
	return nil
}
