// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// plots draws messages per second against size, one picture per transport,
// and returns the names of the files.
func (res results) plots(dir string, rows []*row) ([]string, error) {
	points := make(map[string]map[string]plotter.XYs)
	for _, r := range rows {
		if !r.plot {
			continue
		}
		if points[r.transport] == nil {
			points[r.transport] = make(map[string]plotter.XYs)
		}
		for _, impl := range r.impls {
			if c := res[r][impl]; c.there() {
				points[r.transport][impl] = append(points[r.transport][impl],
					plotter.XY{X: float64(r.size), Y: 1e9 / c.median(nsOf)})
			}
		}
	}
	var files []string
	for _, transport := range []string{"inproc", "tcp", "ipc"} {
		if points[transport] == nil {
			continue
		}
		p := plot.New()
		p.Title.Text = "PUSH to PULL, " + transport
		p.X.Label.Text, p.Y.Label.Text = "bytes per message", "messages per second"
		p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
		p.X.Tick.Marker = sizeTicks{}
		p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
		p.Legend.Left = true
		p.Add(plotter.NewGrid())
		for i, impl := range implementations {
			xys := points[transport][impl]
			if len(xys) == 0 {
				continue
			}
			line, dots, err := plotter.NewLinePoints(xys)
			if err != nil {
				return files, err
			}
			line.Color, dots.Color = plotutil.Color(i), plotutil.Color(i)
			line.Width, dots.Shape = vg.Points(1.5), plotutil.Shape(i)
			p.Add(line, dots)
			p.Legend.Add(impl, line, dots)
		}
		name := "throughput-" + transport + ".svg"
		if err := p.Save(20*vg.Centimeter, 13*vg.Centimeter, filepath.Join(dir, name)); err != nil {
			return files, err
		}
		files = append(files, name)
	}
	return files, nil
}

// sizeTicks marks powers of eight, from 8 B.
type sizeTicks struct{}

func (sizeTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	for _, size := range []struct {
		bytes float64
		label string
	}{{8, "8"}, {64, "64"}, {512, "512"}, {4 << 10, "4 Ki"}, {32 << 10, "32 Ki"}, {256 << 10, "256 Ki"}, {1 << 20, "1 Mi"}} {
		if size.bytes >= math.Floor(low) && size.bytes <= math.Ceil(high) {
			ticks = append(ticks, plot.Tick{Value: size.bytes, Label: size.label})
		}
	}
	return ticks
}
