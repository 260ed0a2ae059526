// SPDX-License-Identifier: BSD-2-Clause

// Clonecli6 is a client of the pair of servers clonesrv6, by means of the package
// examples/internal/clone: it keeps its copy of the map when a server fails,
// goes on with the other one, and loses none of its updates.
//
//	go run ./examples/clonesrv6
//	go run ./examples/clonesrv6 -backup
//	go run ./examples/clonecli6 -subtree /client/a/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/clone"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

var (
	primary = flag.String("primary", "tcp://127.0.0.1:5556,tcp://127.0.0.1:5557,tcp://127.0.0.1:5558",
		"where the primary is: snapshot,publisher,collector")
	second = flag.String("second", "tcp://127.0.0.1:5566,tcp://127.0.0.1:5567,tcp://127.0.0.1:5568",
		"where the backup is: snapshot,publisher,collector")
	patience = flag.Duration("patience", 5*time.Second, "how long a server may be silent")
	subtree  = flag.String("subtree", "/client/", "the part of the map to work with, with a slash at both ends")
	count    = flag.Int("n", -1, "how many updates to send; ends when the last one is there. 0 is none, negative is no end")
	every    = flag.Duration("every", 100*time.Millisecond, "time from one update to the next")
	ttl      = flag.Duration("ttl", 0, "how long the values live, in seconds; 0 is for ever")
	keys     = flag.Int("keys", 100, "how many different keys there are, which are set in turn")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonecli6: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// message returns the key and the value of the n-th update, from 1 on.
func message(n int) (string, string) {
	return *subtree + strconv.Itoa((n-1)%*keys), strconv.Itoa(n)
}

func run(ctx context.Context) (err error) {
	if *keys < 1 {
		return fmt.Errorf("-keys %d is less than 1", *keys)
	}
	lastKey, lastValue := message(*count)
	last := make(chan struct{})
	var once sync.Once
	config := clone.Config{
		Subtree:  *subtree,
		Patience: *patience,
		OnSnapshot: func(server clone.Server, sequence uint64) {
			fmt.Printf("snapshot at %d from %s\n", sequence, server.Snapshot)
		},
		OnUpdate: func(m kvmsg.Message) {
			fmt.Println(m)
			if m.Key == lastKey && string(m.Body) == lastValue {
				once.Do(func() { close(last) })
			}
		},
		OnSilent: func(server clone.Server) { fmt.Println("nothing from", server.Snapshot) },
	}
	for _, s := range []string{*primary, *second} {
		server, err := clone.ParseServer(s)
		if err != nil {
			return err
		}
		config.Servers = append(config.Servers, server)
	}
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	c, err := clone.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, c.Close())
		state, sequence := c.State()
		fmt.Printf("state at %d: %v\n", sequence, state)
	}()
	fmt.Println("ready")

	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-c.Done():
			return errors.New("the servers are not followed any more")
		case <-last:
			return nil
		case <-ticker.C:
		}
		if sent != *count {
			sent++
			key, value := message(sent)
			if err := c.Set(ctx, key, []byte(value), *ttl); err != nil {
				return err
			}
		} else if value, _ := c.Get(lastKey); string(value) == lastValue {
			return nil // it came with the snapshot of another server
		}
	}
}
