// SPDX-License-Identifier: BSD-2-Clause

// Strawhouse is the second of five ways to protect a server: by the addresses
// of clients.
//
// An authenticator has a list of networks from which clients may come. Whoever
// comes from elsewhere is refused. Addresses can be forged, and what is sent can
// be read: this keeps out accidents, not enemies.
//
// Here the list has at first a network that nobody is in, then 127.0.0.1 too. A
// change applies to clients that connect from then on.
//
//	go run ./examples/strawhouse
//
// It ends by itself. The next one is woodhouse.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
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
		fmt.Fprintln(os.Stderr, "strawhouse:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	// Before the server: without an authenticator everybody would get in.
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	null := zmq4.Configure("NULL server", func(soc *zmq4.Socket) error { return soc.ServerAuthNull("global") })
	server, err := zctx.OpenSocket(zmq4.REP, null, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	house, err := houses.Open(ctx, zctx, server, "User-Id")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()

	if err := house.Refuse(); err != nil {
		return fmt.Errorf("a client from elsewhere: %w", err)
	}
	fmt.Println("127.0.0.1, not on the list: refused")

	if err := auth.Allow("global", netip.MustParsePrefix("127.0.0.1/32")); err != nil {
		return err
	}
	answer, err := house.Ask()
	if err != nil {
		return err
	}
	fmt.Println("127.0.0.1, on the list:", answer)
	return nil
}
