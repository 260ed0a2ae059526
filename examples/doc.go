// SPDX-License-Identifier: BSD-2-Clause

// Package examples holds no code: each folder below is a program, and the tests
// here run them, together with their partners.
package examples
