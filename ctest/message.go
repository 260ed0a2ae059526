// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	mib       = 1 << 20
	headerLen = 13
)

// Sizes of parts. libzmq keeps up to 33 bytes inside a zmq_msg_t, and reads and
// writes in batches of 8192.
var (
	largeSizes = [12]int{0, 1, 33, 34, 255, 256, 257, 8191, 8192, 8193, 65536, mib}
	smallSizes = [6]int{0, 1, 7, 20, 33, 34}
)

// runOfBytes has every byte, and a run of any size that begins with any byte.
var runOfBytes = func() []byte {
	p := make([]byte, 256+mib)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}()

// Message returns the parts of message i: a header, and up to three parts of
// binary data, of which some are empty and, in the first dozen of each 10,000
// messages, some are large. The header is
//
//	'm', the sequence number i (8 bytes), a checksum of the other parts (4 bytes)
//
// with the highest byte first. The checksum is CRC-32 of each part's size, in 4
// bytes, and data. The data must not be changed.
func Message(i int) [][]byte {
	parts := make([][]byte, 1+i%4)
	for k := range parts[1:] {
		from := (i + 7*k) % 256
		parts[1+k] = runOfBytes[from : from+partSize(i, k)]
	}
	header := make([]byte, 0, headerLen)
	header = append(header, 'm')
	header = binary.BigEndian.AppendUint64(header, uint64(i))
	parts[0] = binary.BigEndian.AppendUint32(header, checksum(parts[1:]))
	return parts
}

func partSize(i, k int) int {
	if i%10000 < len(largeSizes) {
		return largeSizes[(i+5*k)%len(largeSizes)]
	}
	return smallSizes[(i+5*k)%len(smallSizes)]
}

func checksum(parts [][]byte) uint32 {
	var c uint32
	for _, part := range parts {
		c = crc32.Update(c, crc32.IEEETable, binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		c = crc32.Update(c, crc32.IEEETable, part)
	}
	return c
}

// Check returns an error if the parts are not those of message i.
func Check(parts [][]byte, i int) error {
	want := Message(i)
	if len(parts) > 0 && len(parts[0]) == headerLen && parts[0][0] == 'm' && !bytes.Equal(parts[0][:9], want[0][:9]) {
		return fmt.Errorf("message %d came instead of %d", binary.BigEndian.Uint64(parts[0][1:]), i)
	}
	if len(parts) != len(want) {
		return fmt.Errorf("message %d has %d parts, not %d", i, len(parts), len(want))
	}
	for k := range want {
		if !bytes.Equal(parts[k], want[k]) {
			return fmt.Errorf("message %d, part %d: %s, not %s", i, k, brief(parts[k]), brief(want[k]))
		}
	}
	return nil
}

func brief(b []byte) string {
	if len(b) <= 40 {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q... (%d bytes, checksum %08x)", b[:40], len(b), crc32.ChecksumIEEE(b))
}
