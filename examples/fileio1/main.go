// SPDX-License-Identifier: BSD-2-Clause

// Fileio1 is the first model of file transfer: a client asks a server for a file,
// and the server sends it in chunks, as fast as it can read. The last one is empty.
//
// It is simple, but for one client that is slower than the disk the whole file
// ends up in the memory of the server: the socket must have no high-water mark,
// for a ROUTER socket drops what exceeds it. See fileio2 and fileio3.
//
//	go run ./examples/fileio1 -file /etc/services -to /tmp/services
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint = flag.String("endpoint", "tcp://127.0.0.1:6000", "of the server")
	file     = flag.String("file", "", "the file to send; this program if empty")
	target   = flag.String("to", "", "where to write what arrives; nowhere if empty")
	size     = flag.Int("chunk", 50_000, "bytes of a chunk")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fileio1: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// run ends with the client.
func run(ctx context.Context) (err error) {
	if *size < 1 {
		return fmt.Errorf("-chunk %d is less than 1", *size)
	}
	source := *file
	if source == "" {
		if source, err = os.Executable(); err != nil {
			return err
		}
	}
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out := io.Discard
	if *target != "" {
		f, e := os.Create(*target)
		if e != nil {
			return e
		}
		out = f
		defer func() { err = errors.Join(err, f.Close()) }()
	}

	defer func() { err = errors.Join(err, zmq4.Term()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := serve(ctx, in); err != nil {
			cancel(err)
		}
	}()
	cancel(fetch(ctx, out))
	<-served
	return context.Cause(ctx)
}

// serve sends the file to each client that asks for it.
func serve(ctx context.Context, in io.ReaderAt) (err error) {
	router, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.HighWaterMarks(0, 1000), zmq4.Linger(time.Second), zmq4.Bind(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, router.Close()) }()
	for msg, err := range router.Messages(ctx) {
		if err != nil {
			return err
		}
		if len(msg) != 2 || string(msg[1]) != "fetch" {
			log.Printf("no request: %q", msg[1:])
			continue
		}
		chunk := make([]byte, *size)
		for offset, last := int64(0), false; !last; offset += int64(*size) {
			n, err := in.ReadAt(chunk, offset)
			if err != nil && err != io.EOF {
				return err
			}
			last = n == 0
			if _, err := router.SendMessageContext(ctx, msg[0], chunk[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch asks for the file and writes it.
func fetch(ctx context.Context, out io.Writer) (err error) {
	dealer, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dealer.Close()) }()
	if _, err := dealer.SendContext(ctx, "fetch", 0); err != nil {
		return err
	}
	sum := sha256.New()
	chunks, total := 0, int64(0)
	for {
		chunk, err := dealer.RecvBytesContext(ctx, 0)
		if err != nil {
			return err
		}
		if len(chunk) == 0 {
			break
		}
		chunks++
		total += int64(len(chunk))
		sum.Write(chunk)
		if _, err := out.Write(chunk); err != nil {
			return err
		}
	}
	fmt.Printf("%d chunks, %d bytes, SHA-256 %x\n", chunks, total, sum.Sum(nil))
	return nil
}
