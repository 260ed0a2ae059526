// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// clearLine moves to the beginning of a terminal's line and empties it.
const clearLine = "\r\x1b[K"

// A console is a file for lines and, if it is a terminal, for a status: a last
// line that changes. The status is never mixed with other lines.
type console struct {
	file *os.File

	mu     sync.Mutex
	status string // that is shown
}

var stderr = &console{file: os.Stderr}

// Write writes lines above the status.
func (c *console) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == "" {
		return c.file.Write(p)
	}
	if _, err := c.file.WriteString(clearLine + string(p) + c.status); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show replaces the status. An empty one removes it.
func (c *console) show(status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if status != c.status {
		c.status = status
		io.WriteString(c.file, clearLine+status)
	}
}

// columns returns how wide the terminal is, or 0 if no status can be shown there now.
func (c *console) columns() int {
	if !isTerminal(c.file) || os.Getenv("TERM") == "dumb" || !inForeground(c.file) {
		return 0
	}
	width, _, err := term.GetSize(int(c.file.Fd()))
	if err != nil || width == 0 {
		return 80 // a terminal that does not know its size
	}
	return width
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
