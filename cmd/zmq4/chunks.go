// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"runtime/debug"
)

// chunks collects bytes. It does not copy them again as it grows.
type chunks struct {
	list [][]byte
	size int
}

// room returns memory for more bytes, which added has to be told of.
func (c *chunks) room() []byte {
	last := len(c.list) - 1
	if last < 0 || len(c.list[last]) == cap(c.list[last]) {
		c.list = append(c.list, make([]byte, 0, min(max(c.size, 512), 1<<20)))
		last++
	}
	chunk := c.list[last]
	return chunk[len(chunk):cap(chunk)]
}

// added says that n bytes of room are used.
func (c *chunks) added(n int) {
	last := &c.list[len(c.list)-1]
	*last = (*last)[:len(*last)+n]
	c.size += n
}

func (c *chunks) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := copy(c.room(), rest)
		c.added(n)
		rest = rest[n:]
	}
	return len(p), nil
}

// ReadFrom makes io.Copy read without a buffer of its own.
func (c *chunks) ReadFrom(r io.Reader) (int64, error) {
	before := c.size
	for {
		n, err := r.Read(c.room())
		c.added(n)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return int64(c.size - before), err
		}
	}
}

// bytes returns all, and leaves none. While it copies large chunks it gives their memory
// back, so that all is not there twice.
func (c *chunks) bytes() []byte {
	list, size := c.list, c.size
	*c = chunks{}
	if len(list) == 1 {
		return list[0]
	}
	all := make([]byte, 0, size)
	unused := 0
	for i, chunk := range list {
		all = append(all, chunk...)
		list[i] = nil
		if unused += len(chunk); unused > max(size/8, 8<<20) {
			debug.FreeOSMemory()
			unused = 0
		}
	}
	return all
}

// readAll reads the rest of r, and needs memory of that size.
func readAll(r io.Reader) ([]byte, error) {
	var c chunks
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			c.list = [][]byte{make([]byte, 0, info.Size()+1)} // and one more, to find the end
		}
	}
	_, err := c.ReadFrom(r)
	return c.bytes(), err
}

// readLine reads a line, and returns it without its end. It returns io.EOF behind the last one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var c chunks
	for {
		piece, err := r.ReadSlice('\n')
		line, ended := bytes.CutSuffix(piece, []byte("\n"))
		if ended && c.size == 0 {
			return bytes.Clone(line), nil
		}
		c.Write(line)
		switch {
		case ended, err == io.EOF && c.size > 0:
			return c.bytes(), nil
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}
