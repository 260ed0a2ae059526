// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var c chunks
	for range 3 {
		var want []byte
		for range 100 {
			part := bytes.Repeat([]byte{byte(random.Int())}, random.IntN(100_000))
			want = append(want, part...)
			if n, err := c.Write(part); n != len(part) || err != nil {
				t.Fatalf("Write of %d bytes returns %d, %v", len(part), n, err)
			}
		}
		if !bytes.Equal(c.bytes(), want) {
			t.Fatal("other bytes come back")
		}
	}
	if got := c.bytes(); len(got) > 0 {
		t.Errorf("%d bytes are left", len(got))
	}
}
