// SPDX-License-Identifier: BSD-2-Clause

// Relay passes on what publishers send to subscribers, in containers: see
// ../compose.yml. All connections are encrypted, and only those may connect
// whose public keys the broker has.
//
//	relay keys             make the keys of the broker and of its clients
//	relay broker           pass on messages until SIGTERM
//	relay check            end without an error if the broker lets this client in
//	relay publish          send a numbered message ten times a second until SIGTERM
//	relay subscribe        receive -n messages
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/cert"
)

var (
	keys   = flag.String("keys", ".", "the folder of the keys")
	key    = flag.String("key", "client", "the client's key, of clients/ in that folder; \"\" for one that nobody knows")
	broker = flag.String("broker", "localhost", "the broker's host")
	count  = flag.Int("n", 20, "how many messages to receive")
	within = flag.Duration("within", time.Minute, "how long that, or a check, may take")
)

// The broker's ports.
const (
	publishers  = "5561"
	subscribers = "5562"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("relay: ")
	flag.Parse()
	commands := map[string]func(context.Context) error{
		"keys":      makeKeys,
		"broker":    relay,
		"check":     check,
		"publish":   publish,
		"subscribe": subscribe,
	}
	command, ok := commands[flag.Arg(0)]
	if !ok || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: relay [flags] keys|broker|check|publish|subscribe")
		flag.PrintDefaults()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx); err != nil {
		log.Fatal(err)
	}
}

// makeKeys makes the keys that are not there yet. In earnest each host makes
// its own, and only the public ones travel.
func makeKeys(context.Context) error {
	if err := os.MkdirAll(filepath.Join(*keys, "clients"), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"broker.key", filepath.Join("clients", "client.key")} {
		path := filepath.Join(*keys, name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		c, err := cert.New(map[string]string{"name": name})
		if err == nil {
			err = c.Save(path)
		}
		if err != nil {
			return err
		}
		fmt.Println("made", path)
	}
	return nil
}

// relay is the broker.
func relay(ctx context.Context) (err error) {
	own, err := cert.Load(filepath.Join(*keys, "broker.key_secret"))
	if err != nil {
		return err
	}
	clients, err := cert.OpenDir(filepath.Join(*keys, "clients"))
	if err != nil {
		return err
	}
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{CheckCurve: clients.Check})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	secure := zmq4.CurveServer("relay", own.Keys.Secret)
	in, err := zctx.OpenSocket(zmq4.XSUB, secure, zmq4.Linger(0), zmq4.Bind("tcp://*:"+publishers))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := zctx.OpenSocket(zmq4.XPUB, secure, zmq4.Linger(0), zmq4.Bind("tcp://*:"+subscribers))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	fmt.Println("ready")
	return ended(ctx, zmq4.ProxyContext(ctx, in, out, nil))
}

// client opens a socket that can connect to the broker.
func client(t zmq4.Type, options ...zmq4.OpenOption) (*zmq4.Socket, error) {
	server, err := cert.Load(filepath.Join(*keys, "broker.key"))
	if err != nil {
		return nil, err
	}
	var own *cert.Cert
	if *key == "" {
		own, err = cert.New(nil)
	} else {
		own, err = cert.Load(filepath.Join(*keys, "clients", *key+".key_secret"))
	}
	if err != nil {
		return nil, err
	}
	options = append(options, zmq4.Linger(0), zmq4.CurveClient(server.Keys.Public, own.Keys.Public, own.Keys.Secret))
	return zmq4.OpenSocket(t, options...)
}

// check connects, and waits until the broker has let this client in.
func check(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, *within)
	defer cancel()
	soc, err := client(zmq4.SUB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close(), zmq4.Term()) }()
	events := soc.Events(ctx, zmq4.EVENT_HANDSHAKE_SUCCEEDED|zmq4.EVENT_HANDSHAKE_FAILED_AUTH)
	if err := soc.Connect(address(subscribers)); err != nil {
		return err
	}
	for event, err := range events {
		if err != nil {
			return err
		}
		if event.Event != zmq4.EVENT_HANDSHAKE_SUCCEEDED {
			return fmt.Errorf("refused: %v", event)
		}
		break
	}
	return nil
}

// publish sends messages that say who sends them, and their number.
func publish(ctx context.Context) (err error) {
	soc, err := client(zmq4.PUB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close(), zmq4.Term()) }()
	if err := soc.Connect(address(publishers)); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := 1; ; i++ {
		if _, err := soc.SendMessageContext(ctx, fmt.Sprintf("%s %d", name, i)); err != nil {
			return ended(ctx, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// subscribe prints what it receives.
func subscribe(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, *within)
	defer cancel()
	soc, err := client(zmq4.SUB, zmq4.Subscribe(""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close(), zmq4.Term()) }()
	if err := soc.Connect(address(subscribers)); err != nil {
		return err
	}
	for i := range *count {
		parts, err := soc.RecvMessageBytesContext(ctx)
		if err != nil {
			return fmt.Errorf("after %d messages: %w", i, err)
		}
		fmt.Printf("%s\n", bytes.Join(parts, []byte(" ")))
	}
	fmt.Println("received", *count)
	return nil
}

func address(port string) string { return "tcp://" + *broker + ":" + port }

// ended is nil if the program was told to end, else err.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
