// SPDX-License-Identifier: BSD-2-Clause

// Program prints all that it sees of a few pairs of sockets while it makes random calls on them. It is
// one goroutine, and the pairs talk over inproc, so that the seed decides what is printed.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"strings"

	"github.com/seed45097122/zmq4"
)

// most is how many messages of a pair may not be received yet: fewer than fit.
const most = 300

// pairs are the types of the socket that receives, and of the other.
var pairs = []struct{ receiver, sender zmq4.Type }{
	{zmq4.PULL, zmq4.PUSH}, {zmq4.SUB, zmq4.XPUB}, {zmq4.DEALER, zmq4.DEALER}, {zmq4.ROUTER, zmq4.DEALER},
	{zmq4.DEALER, zmq4.ROUTER}, {zmq4.PAIR, zmq4.PAIR}, {zmq4.REP, zmq4.REQ}, {zmq4.XSUB, zmq4.XPUB},
}

var topics = []string{"", "a", "ab", "b"}

// A world is one pair of sockets.
type world struct {
	*rand.Rand
	zctx             *zmq4.Context
	receiver, sender *zmq4.Socket
	types            struct{ receiver, sender zmq4.Type }
	endpoint         string // of the sender
	connects         bool   // the receiver does, not the sender
	poller           *zmq4.Poller
	msg              zmq4.Msg
	number           int
}

func main() {
	first, count := flag.Uint64("first", 1, "first seed"), flag.Uint64("count", 100, "how many seeds")
	ops := flag.Int("ops", 200, "calls of each")
	flag.Parse()
	for seed := *first; seed < *first+*count; seed++ {
		w := newWorld(seed)
		for i := range *ops {
			fmt.Printf("%d.%d ", seed, i)
			w.step()
		}
		w.end()
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 0)), endpoint: "inproc://sender", poller: zmq4.NewPoller()}
	var err error
	w.zctx, err = zmq4.NewContext()
	check(err)
	w.types = pairs[seed%uint64(len(pairs))]
	w.receiver, err = w.zctx.NewSocket(w.types.receiver)
	check(err)
	w.sender, err = w.zctx.NewSocket(w.types.sender)
	check(err)
	w.poller.Add(w.receiver, zmq4.POLLIN)
	if w.types.sender == zmq4.ROUTER {
		check(w.receiver.SetIdentity("receiver"))
	}
	if w.connects = w.IntN(3) > 0; w.connects {
		check(w.sender.Bind(w.endpoint))
		check(w.receiver.Connect(w.endpoint))
	} else {
		w.endpoint = "inproc://receiver"
		check(w.receiver.Bind(w.endpoint))
		check(w.sender.Connect(w.endpoint))
	}
	switch w.types.receiver {
	case zmq4.SUB:
		w.subscribe("a")
		w.subscribe("b")
	case zmq4.XSUB:
		_, err := w.receiver.Send("\x01", 0)
		check(err)
		_, err = w.sender.Recv(0)
		check(err)
	}
	w.settle()
	return w
}

// subscribe waits until the other side knows of it.
func (w *world) subscribe(topic string) {
	check(w.receiver.SetSubscribe(topic))
	w.settle()
}

// settle lets both sockets process their commands.
func (w *world) settle() {
	for range 10 {
		w.receiver.GetEvents()
		w.sender.GetEvents()
		if w.types.sender == zmq4.XPUB {
			w.sender.RecvMessage(zmq4.DONTWAIT)
		}
	}
}

// end closes what there is, in any order.
func (w *world) end() {
	w.msg.Close()
	if w.IntN(2) == 0 {
		fmt.Println("end", w.receiver.Close(), w.sender.Close(), w.zctx.Term())
	} else {
		fmt.Println("end", w.sender.Close(), w.receiver.Close(), w.zctx.Term())
	}
	stats := w.receiver.Stats()
	fmt.Println(stats.MessagesReceived, stats.BytesReceived)
}

// waiting says whether there is a message, so that a receive need not be told not to wait.
func (w *world) waiting() bool {
	events, err := w.receiver.GetEvents()
	check(err)
	return events&zmq4.POLLIN != 0
}

// flags are 0 now and then, if a receive would not wait.
func (w *world) flags() zmq4.Flag {
	if w.IntN(2) == 0 && w.waiting() {
		return 0
	}
	return zmq4.DONTWAIT
}

// short prints a part in few bytes.
func short[T string | []byte](part T) string {
	if len(part) > 12 {
		return fmt.Sprintf("%.8q+%d", part, len(part)-8)
	}
	return fmt.Sprintf("%q", part)
}

func (w *world) got(msg []string, err error) {
	var b strings.Builder
	for _, part := range msg {
		b.WriteString(short(part) + " ")
	}
	fmt.Print(b.String(), " ", err)
	if err == nil && w.types.receiver == zmq4.REP {
		w.reply()
	}
}

// reply lets a REP and a REQ go on.
func (w *world) reply() {
	if more, _ := w.receiver.GetRcvmore(); !more {
		_, err := w.receiver.Send("reply", zmq4.DONTWAIT)
		_, err2 := w.sender.RecvMessage(zmq4.DONTWAIT)
		fmt.Print(" ", err, err2)
	}
}

func (w *world) send() {
	n := 1
	if w.IntN(2) == 0 {
		n = w.IntN(40)
	}
	for range n {
		stats := w.receiver.Stats()
		if w.number-int(stats.MessagesReceived) > most {
			fmt.Print("enough ")
			return
		}
		w.number++
		parts := []any{}
		if w.types.sender == zmq4.ROUTER {
			parts = append(parts, "receiver")
		}
		parts = append(parts, topics[w.IntN(len(topics))]+fmt.Sprint(w.number))
		for range w.IntN(3) {
			size := w.IntN(100)
			if w.IntN(20) == 0 {
				size = w.IntN(40_000)
			}
			parts = append(parts, make([]byte, size))
		}
		_, err := w.sender.SendMessageDontwait(parts...)
		if err != nil {
			fmt.Print(err, " ")
			return
		}
	}
}

// detach ends the connection and makes it again.
func (w *world) detach() {
	soc, name := w.sender, "sender"
	if w.connects {
		soc, name = w.receiver, "receiver"
	}
	fmt.Print(name, " disconnects ", soc.Disconnect(w.endpoint))
	w.settle()
	w.number = int(w.receiver.Stats().MessagesReceived)
	// Messages of two connections come in turn, which is not to be compared.
	for n := w.IntN(3); n > 0 || !w.connects && w.waiting(); n-- {
		w.got(w.receiver.RecvMessage(zmq4.DONTWAIT))
	}
	w.settle()
	fmt.Print(", connects ", soc.Connect(w.endpoint))
	w.settle()
}

func (w *world) step() {
	switch w.IntN(24) {
	case 0, 1, 2, 3:
		fmt.Print("send ")
		w.send()
	case 4, 5:
		part, err := w.receiver.RecvBytes(w.flags())
		more, err2 := w.receiver.GetRcvmore()
		fmt.Print("part ", short(part), " ", more, " ", err, " ", err2)
		if err == nil && w.types.receiver == zmq4.REP {
			w.reply()
		}
	case 6, 7, 8:
		flags := w.flags()
		for range 1 + w.IntN(20) {
			fmt.Print("message ")
			w.got(w.receiver.RecvMessage(flags))
			flags = zmq4.DONTWAIT
		}
	case 9:
		for w.waiting() {
			fmt.Print("all ")
			w.got(w.receiver.RecvMessage(0))
		}
	case 10:
		n, more, err := w.receiver.RecvInto(make([]byte, 10), w.flags())
		fmt.Print("into ", n, " ", more, " ", err)
		if err == nil && w.types.receiver == zmq4.REP {
			w.reply()
		}
	case 11:
		n, err := w.receiver.RecvMsg(&w.msg, w.flags())
		fmt.Print("msg ", n, " ", err)
		if err == nil {
			fmt.Print(" ", short(w.msg.Bytes()), " ", w.msg.More())
			if w.types.receiver == zmq4.REP {
				w.reply()
			}
		}
	case 12:
		if w.waiting() && w.types.receiver != zmq4.REP {
			var b zmq4.Batch
			n, err := w.receiver.RecvBatch(context.Background(), &b, w.IntN(30))
			fmt.Print("batch ", n > 0, " ", err)
			for _, msg := range b.All() {
				fmt.Print(" ", msg.Len(), short(msg.Part(0)))
			}
		}
	case 13:
		fmt.Print("events ")
		fmt.Print(w.receiver.GetEvents())
	case 14, 15:
		polled, err := w.poller.Poll(0)
		fmt.Print("poll ", len(polled), " ", err)
		if len(polled) > 0 {
			w.got(w.receiver.RecvMessage(zmq4.DONTWAIT))
		}
	case 16:
		events, err := w.receiver.Poll(zmq4.POLLIN, 0)
		fmt.Print("poll ", events, " ", err)
	case 17:
		stats := w.receiver.Stats()
		fmt.Print("stats ", stats.MessagesReceived, " ", stats.BytesReceived)
	case 18:
		if w.types.receiver == zmq4.SUB {
			topic := topics[w.IntN(len(topics))]
			if w.IntN(2) == 0 {
				fmt.Print("subscribe ", topic)
				w.subscribe(topic)
			} else if w.IntN(4) == 0 {
				// libzmq keeps one that it has looked at for ZMQ_EVENTS, which is not to be compared.
				for err := error(nil); err == nil; {
					var msg []string
					msg, err = w.receiver.RecvMessage(zmq4.DONTWAIT)
					w.got(msg, err)
				}
				fmt.Print("unsubscribe ", topic, " ", w.receiver.SetUnsubscribe(topic))
				w.settle()
			}
		}
	case 19:
		fmt.Print("hwm ", w.receiver.SetRcvhwm([]int{0, 1000, 2000}[w.IntN(3)]))
	case 20:
		msg, meta, err := w.receiver.RecvMessageWithMetadata(zmq4.DONTWAIT, "Socket-Type", "Identity")
		fmt.Print("metadata ", meta, " ")
		w.got(msg, err)
	case 21:
		if w.IntN(3) == 0 && w.types.receiver != zmq4.REP && w.types.receiver != zmq4.XSUB {
			w.detach()
		}
	case 22:
		if w.IntN(20) == 0 {
			fd, err := w.receiver.GetFd()
			fmt.Print("descriptor ", fd > 0, " ", err)
		}
	case 23:
		fmt.Print("type ")
		fmt.Print(w.receiver.GetType())
	}
	fmt.Println()
}
