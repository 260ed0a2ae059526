// SPDX-License-Identifier: BSD-2-Clause

// Fileio2 is the second model of file transfer: the client asks for each chunk, by
// its offset and size, when it has got the one before. So there is never more than
// one chunk in memory, but each costs a round trip. See fileio3.
//
// A chunk that is shorter than what was asked for is the last one.
//
//	go run ./examples/fileio2 -file /etc/services -to /tmp/services
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
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint = flag.String("endpoint", "tcp://127.0.0.1:6000", "of the server")
	file     = flag.String("file", "", "the file to send; this program if empty")
	target   = flag.String("to", "", "where to write what arrives; nowhere if empty")
	size     = flag.Int("chunk", 50_000, "bytes of a chunk")
)

// maxChunk is the largest chunk that the server reads.
const maxChunk = 1 << 20

func main() {
	log.SetFlags(0)
	log.SetPrefix("fileio2: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// run ends with the client.
func run(ctx context.Context) (err error) {
	if *size < 1 || *size > maxChunk {
		return fmt.Errorf("-chunk %d is not between 1 and %d", *size, maxChunk)
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

// serve sends the chunks that clients ask for.
func serve(ctx context.Context, in io.ReaderAt) (err error) {
	router, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, router.Close()) }()
	buf := make([]byte, maxChunk)
	for msg, err := range router.Messages(ctx) {
		if err != nil {
			return err
		}
		offset, n, err := parse(msg)
		if err != nil {
			log.Print(err)
			continue
		}
		if n, err = in.ReadAt(buf[:n], offset); err != nil && err != io.EOF {
			return err
		}
		if _, err := router.SendMessageContext(ctx, msg[0], buf[:n]); err != nil {
			return err
		}
	}
	return nil
}

// parse returns which bytes of the file a request, behind the id of the client,
// is for.
func parse(msg [][]byte) (offset int64, n int, err error) {
	if len(msg) != 4 || string(msg[1]) != "fetch" {
		return 0, 0, fmt.Errorf("no request: %q", msg[1:])
	}
	if offset, err = strconv.ParseInt(string(msg[2]), 10, 64); err != nil || offset < 0 {
		return 0, 0, fmt.Errorf("request for the offset %q", msg[2])
	}
	if n, err = strconv.Atoi(string(msg[3])); err != nil || n < 1 || n > maxChunk {
		return 0, 0, fmt.Errorf("request for a chunk of the size %q", msg[3])
	}
	return offset, n, nil
}

// fetch asks for the chunks of the file and writes them.
func fetch(ctx context.Context, out io.Writer) (err error) {
	dealer, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dealer.Close()) }()
	sum := sha256.New()
	chunks, total := 0, int64(0)
	for last := false; !last; {
		if _, err := dealer.SendMessageContext(ctx, "fetch", total, *size); err != nil {
			return err
		}
		chunk, err := dealer.RecvBytesContext(ctx, 0)
		if err != nil {
			return err
		}
		last = len(chunk) < *size
		if len(chunk) > 0 {
			chunks++
		}
		total += int64(len(chunk))
		sum.Write(chunk)
		if _, err := out.Write(chunk); err != nil {
			return err
		}
	}
	fmt.Printf("%d chunks, %d bytes, SHA-256 %x\n", chunks, total, sum.Sum(nil))
	return nil
}
