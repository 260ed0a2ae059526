// SPDX-License-Identifier: BSD-2-Clause

package chaos

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// TestMemoryOfStrangers shows what no option of libzmq bounds: the parts of one message, and
// subscriptions. What one connection has made it keep is free again when that ends.
func TestMemoryOfStrangers(t *testing.T) {
	if runtime.GOOS != "linux" || slow > 1 {
		t.Skip("reads /proc; the memory of race detector and sanitizer is another one")
	}
	r := rand.New(rand.NewPCG(1, 2))
	tests := []struct {
		name  string
		typ   zmq.Type
		peer  string // what the stranger says it is
		bytes []byte
		most  int // how many times the bytes libzmq keeps, at least
	}{
		{"parts", zmq.PULL, "PUSH", bytes.Repeat([]byte{1, 1, 'x'}, 1<<18), 15},
		{"subscriptions", zmq.PUB, "SUB", subscriptions(r, 10_000), 15},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, err := zmq.NewContext()
			must(t, err)
			s, err := ctx.NewSocket(tt.typ)
			must(t, err)
			t.Cleanup(func() { s.Close(); must(t, ctx.Term()) })
			must(t, s.SetMaxmsgsize(1000))
			must(t, s.SetRcvhwm(10))
			must(t, s.Bind("tcp://127.0.0.1:*"))
			endpoint, err := s.GetLastEndpoint()
			must(t, err)
			first := resident(t)
			for i := range 4 {
				_, addr := address(endpoint)
				c, err := net.Dial("tcp", addr)
				must(t, err)
				end := time.Now().Add(4 * patience)
				answer := func(want string) { // waits for it
					read, buf := []byte(nil), make([]byte, 4096)
					for !bytes.Contains(read, []byte(want)) {
						s.GetEvents() // a publisher takes its subscriptions when it is used
						must(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
						n, err := c.Read(buf)
						read = append(read, buf[:n]...)
						if err != nil && (!os.IsTimeout(err) || time.Now().After(end)) {
							t.Fatalf("%s: %v", want, err)
						}
					}
				}
				c.Write(append(greeting(3, 1, "NULL"), ready(tt.peer, nil)...))
				answer("READY")
				c.Write(tt.bytes)
				c.Write(command("PING", []byte("\x00\x00last")))
				answer("PONGlast") // all before it has been read
				s.GetEvents()
				grown := resident(t) - first
				t.Logf("%d bytes sent, %d kept", len(tt.bytes), grown)
				if i == 0 && grown < tt.most*len(tt.bytes) {
					t.Errorf("libzmq has learned to bound it: it keeps %d for %d bytes", grown, len(tt.bytes))
				}
				if i > 0 && grown > 3*60*len(tt.bytes) {
					t.Errorf("%d bytes after %d connections", grown, i+1)
				}
				c.Close()
			}
		})
	}
}

// subscriptions are so many to different filters.
func subscriptions(r *rand.Rand, n int) (b []byte) {
	for range n {
		filter := []byte{1}
		for range 3 {
			filter = binary.BigEndian.AppendUint64(filter, r.Uint64())
		}
		b = append(b, frame(0, filter)...)
	}
	return b
}

// resident returns how many bytes of memory the process has.
func resident(t *testing.T) int {
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	var size, pages int
	fmt.Sscan(string(b), &size, &pages)
	return pages * os.Getpagesize()
}
