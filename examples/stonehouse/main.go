// SPDX-License-Identifier: BSD-2-Clause

// Stonehouse is the fourth of five ways to protect a server: it has a key, by
// which clients know it, and all that is sent is encrypted, the CURVE mechanism.
//
// Clients need the public key of the server. Their own keys may be any: that
// nobody listens, and that the server is no other, is certain; who the clients
// are is not.
//
//	go run ./examples/stonehouse
//
// It ends by itself. The next one is ironhouse.
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
		fmt.Fprintln(os.Stderr, "stonehouse:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	var keys [3]zmq4.CurveKeypair
	for i := range keys {
		if keys[i], err = zmq4.GenerateCurveKeypair(); err != nil {
			return err
		}
	}
	serverKeys, clientKeys, otherKeys := keys[0], keys[1], keys[2]

	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Keys: []string{zmq4.CURVE_ALLOW_ANY}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	server, err := zctx.OpenSocket(zmq4.REP, zmq4.CurveServer("global", serverKeys.Secret), zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	house, err := houses.Open(ctx, zctx, server, "User-Id")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()

	fmt.Println("The client's key:", clientKeys.Public)
	answer, err := house.Ask(zmq4.CurveClient(serverKeys.Public, clientKeys.Public, clientKeys.Secret))
	if err != nil {
		return err
	}
	fmt.Println("The server's key:", answer)

	for _, c := range []struct {
		what    string
		options []zmq4.OpenOption
	}{
		{"Another server's key", []zmq4.OpenOption{zmq4.CurveClient(otherKeys.Public, clientKeys.Public, clientKeys.Secret)}},
		{"No key", nil},
	} {
		if err := house.Refuse(c.options...); err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		fmt.Println(c.what + ": refused")
	}
	return nil
}
