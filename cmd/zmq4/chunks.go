// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"io"
	"os"
	"slices"
)

// chunks collects bytes. It does not copy them again as it grows.
type chunks struct {
	list [][]byte
	size int
}

func (c *chunks) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		last := len(c.list) - 1
		if last < 0 || len(c.list[last]) == cap(c.list[last]) {
			c.list = append(c.list, make([]byte, 0, min(max(c.size, 4<<10), 1<<20)))
			last++
		}
		chunk := c.list[last]
		n := min(len(rest), cap(chunk)-len(chunk))
		c.list[last] = append(chunk, rest[:n]...)
		rest = rest[n:]
	}
	c.size += len(p)
	return len(p), nil
}

// bytes returns all, and leaves none.
func (c *chunks) bytes() []byte {
	list := c.list
	*c = chunks{}
	if len(list) == 1 {
		return list[0]
	}
	return slices.Concat(list...)
}

// readAll reads the rest of r. For a file it needs memory of that size, else twice.
func readAll(r io.Reader) ([]byte, error) {
	var c chunks
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			c.list = [][]byte{make([]byte, 0, info.Size())}
		}
	}
	_, err := io.Copy(&c, struct{ io.Reader }{r})
	return c.bytes(), err
}
