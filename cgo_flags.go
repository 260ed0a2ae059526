// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// Every #cgo line of the package is here. The functions of shim.h and of the
// headers that it includes do not keep the pointers that they are given (noescape:
// arguments may live on the stack) and do not call back into Go (nocallback).
//
// noescape has an effect only together with nocallback, which adds two calls into
// the runtime to each call. No function calls Go, but these lack nocallback:
//
//   - zmq4_alarm_set, zmq4_events, zmq4_msg_send, zmq4_nap, zmq4_recv,
//     zmq4_recv_msg, zmq4_release, zmq4_send, zmq4_send_parts: for speed. Sends,
//     receives and waits call them, with memory that is not on the stack;
//   - zmq4_bind_failure, zmq4_delivers, zmq4_dup, zmq4_inproc_lock_new, zmq4_flow_free,
//     zmq4_flow_new, zmq4_hold, zmq4_lingers, zmq4_max_filter, zmq4_pass,
//     zmq4_signal_fd: they get nothing that could be on the stack;
//   - zmq4_alarm_new, zmq4_listens, zmq4_peer_exists: what they get is on the heap.
//
// libzmq comes from pkg-config; on Windows, from where CGO_LDFLAGS says. With
// the tag zmq4_static, libzmq.a and what it needs go into the program: the
// archive is named, so that the shared libzmq next to it, which pkg-config's
// -lzmq finds, is not needed any more. With the tag zmq4_nopkgconfig, all flags
// are those of CGO_CFLAGS and CGO_LDFLAGS.
// ZMQ4_STATIC and ZMQ4_NOPKGCONFIG are for Go's build cache, which looks at
// flags, but not at tags and at what pkg-config says.

/*
#cgo !zmq4_nopkgconfig,!zmq4_static,!windows pkg-config: libzmq
#cgo !zmq4_nopkgconfig,!zmq4_static,windows LDFLAGS: -lzmq
#cgo zmq4_nopkgconfig CFLAGS: -DZMQ4_NOPKGCONFIG
#cgo zmq4_static CFLAGS: -DZMQ4_STATIC
#cgo !zmq4_nopkgconfig,zmq4_static,!windows,!darwin LDFLAGS: -Wl,--as-needed -l:libzmq.a
#cgo !zmq4_nopkgconfig,zmq4_static,!windows pkg-config: --static libzmq
#cgo !zmq4_nopkgconfig,zmq4_static,windows CFLAGS: -DZMQ_STATIC
#cgo !zmq4_nopkgconfig,zmq4_static,windows LDFLAGS: -lzmq -lstdc++ -lws2_32 -liphlpapi
#cgo linux CFLAGS: -D_GNU_SOURCE
#cgo noescape zmq4_bind
#cgo nocallback zmq4_bind
#cgo nocallback zmq4_close
#cgo noescape zmq4_connect
#cgo nocallback zmq4_connect
#cgo noescape zmq4_ctx_get
#cgo nocallback zmq4_ctx_get
#cgo noescape zmq4_ctx_new
#cgo nocallback zmq4_ctx_new
#cgo nocallback zmq4_ctx_set
#cgo nocallback zmq4_ctx_shutdown
#cgo nocallback zmq4_ctx_term
#cgo noescape zmq4_ctx_try
#cgo nocallback zmq4_ctx_try
#cgo noescape zmq4_curve_keypair
#cgo nocallback zmq4_curve_keypair
#cgo noescape zmq4_curve_public
#cgo nocallback zmq4_curve_public
#cgo noescape zmq4_disconnect
#cgo nocallback zmq4_disconnect
#cgo nocallback zmq4_drop
#cgo nocallback zmq4_fd
#cgo nocallback zmq4_fd_events
#cgo nocallback zmq4_finish
#cgo noescape zmq4_gets
#cgo nocallback zmq4_gets
#cgo nocallback zmq4_get_int
#cgo noescape zmq4_getsockopt
#cgo nocallback zmq4_getsockopt
#cgo noescape zmq4_leases_ended
#cgo nocallback zmq4_leases_ended
#cgo nocallback zmq4_leases_new
#cgo nocallback zmq4_msg_alloc
#cgo nocallback zmq4_msg_clear
#cgo nocallback zmq4_msg_free
#cgo noescape zmq4_msg_gets
#cgo nocallback zmq4_msg_gets
#cgo noescape zmq4_msg_new
#cgo nocallback zmq4_msg_lend
#cgo nocallback zmq4_msg_new
#cgo nocallback zmq4_msg_take
#cgo noescape zmq4_monitor
#cgo nocallback zmq4_monitor
#cgo nocallback zmq4_pending
#cgo noescape zmq4_pump
#cgo nocallback zmq4_pump
#cgo noescape zmq4_recv_batch
#cgo nocallback zmq4_recv_batch
#cgo nocallback zmq4_reserve
#cgo noescape zmq4_send
#cgo noescape zmq4_send_batch
#cgo nocallback zmq4_send_batch
#cgo noescape zmq4_send_parts
#cgo noescape zmq4_setsockopt
#cgo nocallback zmq4_setsockopt
#cgo noescape zmq4_socket_new
#cgo nocallback zmq4_socket_new
#cgo noescape zmq4_try_group
#cgo nocallback zmq4_try_group
#cgo noescape zmq4_unbind
#cgo nocallback zmq4_unbind
#cgo noescape zmq4_connect_peer
#cgo nocallback zmq4_connect_peer
#cgo noescape zmq4_ctx_get_ext
#cgo nocallback zmq4_ctx_get_ext
#cgo noescape zmq4_ctx_set_ext
#cgo nocallback zmq4_ctx_set_ext
#cgo nocallback zmq4_disconnect_peer
#cgo noescape zmq4_membership
#cgo nocallback zmq4_membership
#cgo noescape zmq4_monitor_v2
#cgo nocallback zmq4_monitor_v2
#cgo nocallback zmq4_msg_group
#cgo noescape zmq4_msg_mark
#cgo nocallback zmq4_msg_mark
#cgo nocallback zmq4_msg_routing_id
#cgo nocallback zmq4_part_group
#cgo nocallback zmq4_part_routing_id
#cgo noescape zmq4_peer_state
#cgo nocallback zmq4_peer_state
#cgo nocallback zmq4_pipes_stats
#cgo nocallback zmq4_try_busy_poll
#cgo nocallback zmq4_try_priority
#cgo noescape zmq4_try_device
#cgo nocallback zmq4_try_device
#cgo noescape zmq4_try_udp
#cgo nocallback zmq4_try_udp
#include "shim.h"
*/
import "C"
