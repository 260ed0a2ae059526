// SPDX-License-Identifier: BSD-2-Clause

// Woodhouse is the third of five ways to protect a server: by a user name and a
// password for each client, the PLAIN mechanism.
//
// Passwords and messages cross the network in clear text: this is for networks
// where nobody listens, or that are encrypted otherwise. The server knows the
// user that each message comes from.
//
//	go run ./examples/woodhouse
//
// It ends by itself. The next one is stonehouse.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/houses"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:9000", "where the server binds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "woodhouse:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{
		Users: map[string]string{"admin": "secret"}, // see CheckPlain to ask a database
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	server, err := zctx.OpenSocket(zmq4.REP, zmq4.PlainServer("global"), zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	house, err := houses.Open(ctx, zctx, server, "User-Id")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()

	answer, err := house.Ask(zmq4.PlainClient("admin", "secret"))
	if err != nil {
		return err
	}
	fmt.Println("The right password:", answer)

	for _, c := range []struct {
		what    string
		options []zmq4.OpenOption
	}{
		{"A wrong password", []zmq4.OpenOption{zmq4.PlainClient("admin", "guess")}},
		{"An unknown user", []zmq4.OpenOption{zmq4.PlainClient("root", "secret")}},
		{"No password", nil},
	} {
		if err := house.Refuse(c.options...); err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		fmt.Println(c.what + ": refused")
	}
	return nil
}
