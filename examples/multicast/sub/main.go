// SPDX-License-Identifier: BSD-2-Clause

// Sub receives the messages of ../pub and tells which are missing. See there
// for how to run it.
//
// No transport tells a subscriber that it has lost something: a message that
// could not be repaired is not there, and the next one is. So messages that
// matter are numbered, and the publisher repeats the last number while it has
// nothing to send.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint = flag.String("endpoint", "epgm://127.0.0.1;239.192.1.1:5556", "where to listen: transport://interface;group:port")
	rate     = flag.Int("rate", 40_000, "the most that is expected, in kilobits per second")
	recovery = flag.Duration("recovery", 10*time.Second, "how long a lost message can be repaired")
	patience = flag.Duration("patience", 30*time.Second, "how long to wait for the next message")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("sub: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	counts, err := subscribe(ctx)
	fmt.Println(counts)
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// counts is what became of the messages of all publishers.
type counts struct {
	received, lost, gaps, repeated uint64
}

func (c counts) String() string {
	return fmt.Sprintf("received %d, lost %d in %d gaps, out of order %d", c.received, c.lost, c.gaps, c.repeated)
}

// see takes the number of a message, of which next was expected, and returns
// the number that is expected after it.
func (c *counts) see(number, next uint64) uint64 {
	if number < next {
		c.repeated++
		return next
	}
	if number > next {
		c.gaps++
		c.lost += number - next
		fmt.Printf("gap: lost %d to %d\n", next, number-1)
	}
	c.received++
	return number + 1
}

func subscribe(ctx context.Context) (c counts, err error) {
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(""), zmq4.Timeouts(-1, *patience),
		// The repair window has to be as long as the publisher's.
		zmq4.Configure("rate", func(soc *zmq4.Socket) error { return soc.SetRate(*rate) }),
		zmq4.Configure("recovery interval", func(soc *zmq4.Socket) error { return soc.SetRecoveryIvl(*recovery) }),
		// Keep what comes while the program is busy.
		zmq4.HighWaterMarks(1000, 100_000),
		zmq4.Configure("receive buffer", func(soc *zmq4.Socket) error { return soc.SetRcvbuf(4 << 20) }),
		zmq4.Connect(*endpoint))
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, sub.Close(), zmq4.Term()) }()
	fmt.Println("ready")

	next := map[uint64]uint64{} // of each publisher, the number of its next message
	for {
		msg, err := sub.RecvBytesContext(ctx, 0)
		if err != nil {
			return c, err
		}
		if len(msg) < 4+8+8 {
			return c, fmt.Errorf("message of %d bytes", len(msg))
		}
		topic, id, number := string(msg[:4]), binary.BigEndian.Uint64(msg[4:]), binary.BigEndian.Uint64(msg[12:])
		data := topic == "data"
		if _, known := next[id]; !known {
			next[id] = number
			if !data {
				next[id]++
			}
			fmt.Printf("joined %d at %d\n", id, next[id])
		}
		if data {
			next[id] = c.see(number, next[id])
			continue
		}
		if number >= next[id] { // the messages before it are gone
			c.received-- // see counts one that there is not
			next[id] = c.see(number+1, next[id]) - 1
		}
		if topic == "done" {
			return c, nil
		}
	}
}
