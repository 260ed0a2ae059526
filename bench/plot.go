// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A look is how the line of an implementation is drawn. Colours do on white and on black.
type look struct {
	name, colour, dash string
	width              float64
	marker             string // an SVG path around 0,0
}

// grey is that of the axes, and of C.
const grey = "#767c84"

const (
	circle   = "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0"
	square   = "M-4,-4h8v8h-8z"
	diamond  = "M0,-5.5L5.5,0L0,5.5L-5.5,0z"
	triangle = "M0,-5L5,4H-5z"
	cross    = "M-4,-4L4,4M-4,4L4,-4"
)

// looks has one for each implementation that is in the plots: C is the reference.
var looks = map[string]look{
	"C":          {"C", grey, "7 4", 3, circle},
	"zmq4":       {"this package", "#2f81d6", "", 2.5, circle},
	"zmq4-batch": {"this package, Batch", "#3a9a52", "", 2, square},
	"zmq4-msg":   {"this package, Msg", "#8a63d2", "", 2, diamond},
	"pebbe":      {"pebbe/zmq4", "#d0691e", "", 2, triangle},
	"go-zeromq":  {"go-zeromq/zmq4", "#c24a86", "2 3", 2, cross},
}

// A point is messages per second at a size in bytes.
type point struct{ size, rate float64 }

// plots draws messages per second, as a multiple of C's, against size: one picture per transport.
// It returns the names of the files.
func (res results) plots(dir string, rows []*row) ([]string, error) {
	points := make(map[string]map[string][]point)
	for _, r := range rows {
		if !r.plot {
			continue
		}
		if points[r.transport] == nil {
			points[r.transport] = make(map[string][]point)
		}
		for _, impl := range r.impls {
			if c := res[r][impl]; c.there() {
				points[r.transport][impl] = append(points[r.transport][impl], point{float64(r.size), 1e9 / c.median(nsOf)})
			}
		}
	}
	var files []string
	for _, transport := range []string{"inproc", "tcp", "ipc"} {
		if points[transport] == nil {
			continue
		}
		var b bytes.Buffer
		draw(&b, "PUSH to PULL over "+transport, points[transport])
		name := "throughput-" + transport + ".svg"
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			return files, err
		}
		files = append(files, name)
	}
	return files, nil
}

// The picture, and the area in it that has the lines.
const (
	width, height            = 760, 430
	left, right, top, bottom = 56, 580, 60, 370
)

// A frame maps sizes and ratios to the area: both axes are logarithmic.
type frame struct{ minX, maxX, minY, maxY float64 }

func (f frame) x(size float64) float64 {
	return left + (math.Log2(size)-f.minX)/(f.maxX-f.minX)*(right-left)
}

func (f frame) y(ratio float64) float64 {
	return bottom - (math.Log2(ratio)-f.minY)/(f.maxY-f.minY)*(bottom-top)
}

// against divides rates by those of C, the reference, and leaves out what is not in the plots.
func against(lines map[string][]point) map[string][]point {
	reference := make(map[float64]float64)
	for _, p := range lines["C"] {
		reference[p.size] = p.rate
	}
	ratios := make(map[string][]point)
	for impl, points := range lines {
		for _, p := range points {
			if c := reference[p.size]; c > 0 && looks[impl].name != "" {
				ratios[impl] = append(ratios[impl], point{p.size, p.rate / c})
			}
		}
		slices.SortFunc(ratios[impl], func(a, b point) int { return cmp.Compare(a.size, b.size) })
	}
	return ratios
}

// fit returns the frame that holds all points, in whole powers of two.
func fit(ratios map[string][]point) frame {
	f := frame{math.Inf(1), math.Inf(-1), -1, 1}
	for _, points := range ratios {
		for _, p := range points {
			f.minX, f.maxX = min(f.minX, math.Log2(p.size)), max(f.maxX, math.Log2(p.size))
			f.minY, f.maxY = min(f.minY, math.Floor(math.Log2(p.rate))), max(f.maxY, math.Ceil(math.Log2(p.rate)))
		}
	}
	return f
}

// draw writes a picture in SVG, without a background: what is in it can be read on a light
// and on a dark page.
func draw(w io.Writer, title string, lines map[string][]point) {
	ratios := against(lines)
	f := fit(ratios)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" `+
		`font-family="system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif" font-size="13" fill="%[3]s">`+"\n", width, height, grey)
	fmt.Fprintf(w, `<text x="%d" y="24" font-size="16" font-weight="600">%s</text>`+"\n", left, title)
	fmt.Fprintf(w, `<text x="%d" y="44">messages per second, as a multiple of C</text>`+"\n", left)
	axes(w, f, lines["C"])
	var labels []label
	for _, impl := range implementations {
		if points := ratios[impl]; len(points) > 0 {
			f.line(w, looks[impl], points)
			end := f.y(points[len(points)-1].rate)
			labels = append(labels, label{looks[impl], end, end})
		}
	}
	legend(w, labels)
	fmt.Fprintln(w, "</svg>")
}

// A label is the name of a line: where that ends, and where the name is written.
type label struct {
	look
	end, y float64
}

// legend writes the names beside the ends of the lines, so that none hides another one.
func legend(w io.Writer, labels []label) {
	slices.SortFunc(labels, func(a, b label) int { return cmp.Compare(a.end, b.end) })
	const gap = 18
	for i := len(labels) - 1; i >= 0; i-- { // from below, inside of the area
		labels[i].y = min(labels[i].y, bottom-8-float64(len(labels)-1-i)*gap)
	}
	for i := 1; i < len(labels); i++ {
		labels[i].y = max(labels[i].y, labels[i-1].y+gap)
	}
	for _, l := range labels {
		fmt.Fprintf(w, `<path d="M%d,%.1fL%d,%.1f" stroke="%s" fill="none"/>`+"\n", right+7, l.end, right+22, l.y, l.colour)
		fmt.Fprintf(w, `<text x="%d" y="%.1f" fill="%s">%s</text>`+"\n", right+26, l.y+4.5, l.colour, l.name)
	}
}

// axes draws a grid with ratios and sizes, and below these what C does.
func axes(w io.Writer, f frame, reference []point) {
	for exp := f.minY; exp <= f.maxY; exp++ {
		y := f.y(math.Pow(2, exp))
		fmt.Fprintf(w, `<path d="M%d,%.1fH%d" stroke="%s" stroke-opacity="0.35"/>`+"\n", left, y, right, grey)
		name := fmt.Sprintf("%g", math.Pow(2, exp))
		if exp < 0 {
			name = fmt.Sprintf("1/%g", math.Pow(2, -exp))
		}
		fmt.Fprintf(w, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, y+4.5, name)
	}
	for _, size := range sweep {
		x := f.x(float64(size))
		if x < left-1 || x > right+1 {
			continue
		}
		fmt.Fprintf(w, `<path d="M%.1f,%dV%d" stroke="%s" stroke-opacity="0.35"/>`+"\n", x, top, bottom, grey)
		fmt.Fprintf(w, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, bottom+20, bytesOf(size))
	}
	for _, p := range reference {
		fmt.Fprintf(w, `<text x="%.1f" y="%d" text-anchor="middle">%s/s</text>`+"\n", f.x(p.size), bottom+38, rate(1e9/p.rate))
	}
	fmt.Fprintf(w, `<text x="%d" y="%d">size of a message</text>`+"\n", right+44, bottom+20)
	fmt.Fprintf(w, `<text x="%d" y="%d">rate of C</text>`+"\n", right+44, bottom+38)
}

// line draws the line of one implementation, with a marker at each point.
func (f frame) line(w io.Writer, l look, points []point) {
	var path strings.Builder
	for i, p := range points {
		fmt.Fprintf(&path, "%c%.1f,%.1f", "ML"[min(i, 1)], f.x(p.size), f.y(p.rate))
	}
	dash := ""
	if l.dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, l.dash)
	}
	fmt.Fprintf(w, `<path d="%s" stroke="%s" stroke-width="%g" fill="none"%s/>`+"\n", path.String(), l.colour, l.width, dash)
	for _, p := range points {
		fmt.Fprintf(w, `<path d="%s" transform="translate(%.1f,%.1f)" stroke="%s" stroke-width="1.5" fill="%[4]s"/>`+"\n",
			l.marker, f.x(p.size), f.y(p.rate), l.colour)
	}
}

// bytesOf formats a size: 8 B, 4 KiB, 1 MiB.
func bytesOf(size int) string {
	switch {
	case size >= 1<<20:
		return fmt.Sprintf("%d MiB", size>>20)
	case size >= 1<<10:
		return fmt.Sprintf("%d KiB", size>>10)
	}
	return fmt.Sprintf("%d B", size)
}
