// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// The log of a process is a file of lines of equal length: so many for each
// goroutine, which it writes in turn. What was written is there after an abort.
const (
	lineSize  = 192
	ringLines = 40
)

// A ring is where one goroutine logs its operations.
type ring struct {
	file  *os.File // nil: nowhere
	n     int      // which goroutine
	start time.Time
	line  int
	text  string
}

// begin logs that something begins.
func (l *ring) begin(format string, args ...any) {
	l.line++
	l.text = fmt.Sprintf("%12.6f %3d #%-5d ", time.Since(l.start).Seconds(), l.n, l.line) + fmt.Sprintf(format, args...)
	l.write("...")
}

// note adds to what has begun.
func (l *ring) note(format string, args ...any) {
	l.text += " " + fmt.Sprintf(format, args...)
	l.write("...")
}

// end logs how it ended.
func (l *ring) end(err error) {
	l.write(fmt.Sprintf("-> %v after %.1f ms", err, (time.Since(l.start).Seconds()-l.began())*1000))
}

func (l *ring) began() (s float64) {
	fmt.Sscan(l.text, &s)
	return s
}

func (l *ring) write(result string) {
	if l.file == nil {
		return
	}
	room := lineSize - 1 - len(result) - 1
	text := strings.ReplaceAll(l.text, "\n", " ")
	if len(text) > room {
		text = text[:room]
	}
	line := fmt.Sprintf("%-*s\n", lineSize-1, text+" "+result)
	// An abort in another thread may cut it off; a failure to write is no news.
	_, _ = l.file.WriteAt([]byte(line[:lineSize]), int64((l.n*ringLines+l.line%ringLines)*lineSize))
}

// readRings returns what is in a log, by time.
func readRings(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		if text := strings.TrimRight(string(bytes.Trim(line, "\x00")), " "); text != "" {
			lines = append(lines, text)
		}
	}
	slices.Sort(lines) // times have a fixed width
	return strings.Join(lines, "\n")
}
