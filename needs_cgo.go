// SPDX-License-Identifier: BSD-2-Clause

//go:build !cgo

package zmq4

// Without cgo this is all that is compiled, and the name is the error message. Files that
// use the rest of the package without using C themselves need cgo too.
var _ = zmq4_needs_cgo_and_libzmq__set_CGO_ENABLED_1_and_install_a_C_compiler__see_docs_install_md
