// SPDX-License-Identifier: BSD-2-Clause

//go:build race

package ctest

const raceEnabled = true
