// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"slices"
)

// A figure has one value for each round.
type figure struct {
	name, key string // for people, and in JSON
	unit      string
	decimals  int
	values    []float64
}

// A spread summarizes the values of all rounds.
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

// percentile returns the value below which a part, 0 to 1, of the sorted values lies.
func percentile(sorted []float64, part float64) float64 {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}
