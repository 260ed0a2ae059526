// SPDX-License-Identifier: BSD-2-Clause

//go:build race || asan

package model

// slow is how many times longer things may take than usual.
const slow = 4
