// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

func (soc *Socket) GetType() (Type, error) {
	t, err := soc.getInt(C.ZMQ_TYPE)
	return Type(t), err
}

func (soc *Socket) GetIdentity() (string, error) { return soc.getBytes(C.ZMQ_ROUTING_ID) }
