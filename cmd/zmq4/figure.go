// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"slices"
)

// A figure is something that was measured in each round.
type figure struct {
	name, key string // for people, and in JSON
	unit      string
	decimals  int
	values    []float64
}

// A spread is what the rounds have found.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func (f figure) spread() spread {
	sorted := slices.Sorted(slices.Values(f.values))
	return spread{sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]}
}

// String returns the median of the rounds, and in parentheses the least and the most.
func (f figure) String() string {
	s := f.spread()
	return fmt.Sprintf("%.*f%s (%.*f to %.*f)", f.decimals, s.Median, f.unit, f.decimals, s.Min, f.decimals, s.Max)
}

// percentile returns the value that a part of the sorted values, 0 to 1, is below.
func percentile(sorted []float64, part float64) float64 {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}
