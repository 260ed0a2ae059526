// SPDX-License-Identifier: BSD-2-Clause

// Ticlient has a request executed by way of titanic, which see: the worker may
// come later, and so may the client for the reply.
//
// It stores the request, asks for the reply until it is there, prints it, and
// closes the request. With -leave it only stores the request and prints the id;
// with -id it collects the reply of one that was stored before.
//
//	go run ./examples/ticlient -service echo -request Hello -leave
//	go run ./examples/ticlient -id 0123456789abcdef0123456789abcdef
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/majordomo/mdp"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	c := client{mdp.Client{Logf: log.Printf}}
	flag.StringVar(&c.Broker, "broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	flag.DurationVar(&c.Timeout, "timeout", 2500*time.Millisecond, "how long to wait for titanic before trying again")
	flag.IntVar(&c.Tries, "tries", 3, "how often titanic is asked before giving up")
	service := flag.String("service", "echo", "service that is to execute the request")
	request := flag.String("request", "Hello world", "what to request")
	id := flag.String("id", "", "id of a request that was stored before")
	leave := flag.Bool("leave", false, "do not wait for the reply")
	poll := flag.Duration("poll", time.Second, "how often to ask for the reply")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(c.run(ctx, *id, *service, *request, *leave, *poll), c.Close(), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ticlient:", err)
		os.Exit(1)
	}
}

type client struct{ mdp.Client }

func (c *client) run(ctx context.Context, id, service, request string, leave bool, poll time.Duration) error {
	if id == "" {
		_, frames, err := c.ask(ctx, "titanic.request", service, request)
		if err != nil {
			return err
		}
		if len(frames) != 1 {
			return fmt.Errorf("titanic.request replied %q", frames)
		}
		id = string(frames[0])
		log.Print("stored as ", id)
	}
	if leave {
		return nil
	}
	for asked := 0; ; asked++ {
		done, reply, err := c.ask(ctx, "titanic.reply", id)
		if err != nil {
			return err
		}
		if done {
			log.Printf("reply: %s", bytes.Join(reply, []byte(" ")))
			break
		}
		if asked == 0 {
			log.Print("pending")
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if _, _, err := c.ask(ctx, "titanic.close", id); err != nil {
		return err
	}
	log.Print("closed")
	return nil
}

// ask sends a request to titanic. It returns what follows the status, and
// whether that is 200; if not, it is 300: others are errors.
func (c *client) ask(ctx context.Context, service string, request ...string) (ok bool, frames [][]byte, err error) {
	var body [][]byte
	for _, r := range request {
		body = append(body, []byte(r))
	}
	reply, err := c.Request(ctx, service, body...)
	if err != nil {
		return false, nil, err
	}
	switch status := string(reply[0]); {
	case strings.HasPrefix(status, "200"):
		return true, reply[1:], nil
	case strings.HasPrefix(status, "300"):
		return false, nil, nil
	default:
		return false, nil, fmt.Errorf("%s: status %s", service, status)
	}
}
