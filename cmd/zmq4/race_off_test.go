// SPDX-License-Identifier: BSD-2-Clause

//go:build !race

package main

const raceEnabled = false
