// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// A fence keeps a program away from a fault of libzmq: input, or an order of
// calls, on which libzmq aborts or crashes the process, waits for ever, or loses
// a message. The rest of the package calls libzmq in straight lines, and the
// fences from these few places:
//
//   - before a context starts (fence_start.go);
//   - before and after an endpoint is used (fence_endpoint.go, with
//     fence_inproc.go and fence_multicast.go for their transports);
//   - before an option is set (fence_option.go), whichever setter it came from;
//   - before a part goes out, and before a connection ends (shim_fence.h).
//
// docs/libzmq.md has a row for each fault, with the versions that have it and
// the test that holds its fence.
