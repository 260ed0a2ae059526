// SPDX-License-Identifier: BSD-2-Clause

// Ironhouse is the last of five ways to protect a server: as stonehouse, and
// clients have keys that the server knows.
//
// The public certificates of clients are in a directory. Whoever is not there is
// refused, and what a certificate says about its owner comes with each message.
//
//	go run ./examples/ironhouse
//
// It ends by itself. See ironhouse2 for a server and clients that are programs
// of their own, with certificates in files.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/cert"
	"github.com/seed45097122/zmq4/examples/internal/houses"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:9000", "where the server binds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ironhouse:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	certs := make(map[string]*cert.Cert)
	for _, name := range []string{"server", "Alice", "Mallory"} {
		if certs[name], err = cert.New(map[string]string{"name": name}); err != nil {
			return err
		}
	}
	clients, err := os.MkdirTemp("", "clients")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(clients)) }()
	aliceFile := filepath.Join(clients, "alice.key")
	if err := certs["Alice"].Public().Save(aliceFile); err != nil {
		return err
	}

	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	dir, err := cert.OpenDir(clients)
	if err != nil {
		return err
	}
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{CheckCurve: dir.Check, Metadata: dir.Metadata})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	server, err := zctx.OpenSocket(zmq4.REP, zmq4.CurveServer("global", certs["server"].Keys.Secret), zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	house, err := houses.Open(ctx, zctx, server, "name")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()

	client := func(name string) zmq4.OpenOption {
		keys := certs[name].Keys
		return zmq4.CurveClient(certs["server"].Keys.Public, keys.Public, keys.Secret)
	}
	answer, err := house.Ask(client("Alice"))
	if err != nil {
		return err
	}
	fmt.Println("Alice:", answer)
	if err := house.Refuse(client("Mallory")); err != nil {
		return fmt.Errorf("a client without a certificate: %w", err)
	}
	fmt.Println("Mallory: refused")

	// The server looks into the directory each time.
	if err := os.Remove(aliceFile); err != nil {
		return err
	}
	if err := house.Refuse(client("Alice")); err != nil {
		return fmt.Errorf("a client whose certificate was removed: %w", err)
	}
	fmt.Println("Alice, removed: refused")
	return nil
}
