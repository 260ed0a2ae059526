// SPDX-License-Identifier: BSD-2-Clause

// Pub sends numbered messages to a multicast group. See ../sub, which counts
// them, and docs/multicast.md, which explains the settings.
//
// On one machine, over its loopback interface, in two terminals:
//
//	go run ./examples/multicast/sub -endpoint 'norm://lo;239.192.1.2:5557'
//	go run ./examples/multicast/pub -endpoint 'norm://lo;239.192.1.2:5557'
//
// Or with 'epgm://127.0.0.1;239.192.1.1:5556' for both. On a real network every
// node names its own interface, such as 'epgm://10.0.0.7;239.192.1.1:5556', or
// for NORM its own id as well, such as 'norm://7,eth0;239.192.1.2:5557'. PGM
// does not bring messages back to the machine that sent them.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint = flag.String("endpoint", "epgm://127.0.0.1;239.192.1.1:5556", "where to send: transport://interface;group:port")
	count    = flag.Uint64("n", 10_000, "how many messages to send")
	size     = flag.Int("size", 100, "bytes of a message")
	every    = flag.Duration("every", time.Millisecond, "time from one message to the next")
	rate     = flag.Int("rate", 40_000, "the most that PGM sends, in kilobits per second")
	recovery = flag.Duration("recovery", 10*time.Second, "how long PGM can repair what was sent")
	lead     = flag.Duration("lead", 15*time.Second, "time for subscribers to join, and for NORM to find its speed")
	stay     = flag.Duration("stay", 5*time.Second, "how long to stay after the last message, to repair it")
)

// A message is a topic of 4 bytes, the publisher's id and the number of the
// message, from 1 on, in 8 bytes each, and then anything.
const header = 4 + 8 + 8

func main() {
	log.SetFlags(0)
	log.SetPrefix("pub: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := publish(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// stuck is how long a send may take while nothing that matters has been sent.
const stuck = 3 * time.Second

func open() (*zmq4.Socket, error) {
	return zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second),
		zmq4.Configure("rate", func(soc *zmq4.Socket) error { return soc.SetRate(*rate) }),
		zmq4.Configure("recovery interval", func(soc *zmq4.Socket) error { return soc.SetRecoveryIvl(*recovery) }),
		// Without it, a publisher throws away what it cannot send yet.
		zmq4.Configure("no drop", func(soc *zmq4.Socket) error { return soc.SetXpubNodrop(true) }),
		zmq4.Timeouts(stuck, -1),
		// There is no connection: Connect and Bind do the same.
		zmq4.Bind(*endpoint))
}

func publish(ctx context.Context) (err error) {
	pub, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close(), zmq4.Term()) }()

	// A publisher that starts again begins at 1, with another id.
	id := uint64(time.Now().UnixNano())
	msg := make([]byte, max(*size, header))
	send := func(topic string, number uint64) error {
		copy(msg, topic)
		binary.BigEndian.PutUint64(msg[4:], id)
		binary.BigEndian.PutUint64(msg[12:], number)
		length := len(msg)
		if topic != "data" {
			length = header
		}
		_, err := pub.SendBytesContext(ctx, msg[:length], 0)
		return err
	}
	// repeat sends the number of the last message again and again. It shows a
	// subscriber that has missed the last messages that it has. NORM slows down
	// when there is little to send, and then takes seconds to repair anything:
	// so this is sent as often as messages are.
	repeat := func(topic string, number uint64, d time.Duration) error {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(*every) {
			if err := send(topic, number); err != nil {
				return err
			}
		}
		return nil
	}

	// NORM may stop sending in its first second, for a minute and more. Another
	// socket is another chance.
	for {
		err := repeat("beat", 0, *lead)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		log.Print("stuck: beginning again")
		if err := errors.Join(pub.SetLinger(0), pub.Close()); err != nil {
			return err
		}
		if pub, err = open(); err != nil {
			return err
		}
	}
	// The group may be slower than the program, but not stuck.
	if err := pub.SetSndtimeo(10 * time.Second); err != nil {
		return err
	}
	log.Print("sending")
	start := time.Now()
	for i := uint64(1); i <= *count; i++ {
		if err := send("data", i); err != nil {
			return err
		}
		time.Sleep(time.Until(start.Add(time.Duration(i) * *every)))
	}
	log.Printf("sent %d messages in %v", *count, time.Since(start).Round(time.Millisecond))
	return repeat("done", *count, *stay)
}
