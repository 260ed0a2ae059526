// SPDX-License-Identifier: BSD-2-Clause

//go:build !race && !asan

package chaos

// slow is how many times longer anything may take.
const slow = 1
