// SPDX-License-Identifier: BSD-2-Clause

package main

import "testing"

func TestFigure(t *testing.T) {
	f := figure{unit: " us", decimals: 1, values: []float64{3, 1, 2.25}}
	if got, want := f.String(), "2.2 us (1.0 to 3.0)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	sorted := make([]float64, 1000)
	for i := range sorted {
		sorted[i] = float64(i)
	}
	for part, want := range map[float64]float64{0: 0, 0.5: 500, 0.99: 990, 0.999: 999, 1: 999} {
		if got := percentile(sorted, part); got != want {
			t.Errorf("percentile %v is %v, want %v", part, got, want)
		}
	}
}
