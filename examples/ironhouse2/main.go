// SPDX-License-Identifier: BSD-2-Clause

// Ironhouse2 is ironhouse as it is deployed: a server and clients that are
// programs of their own, with certificates in files.
//
// Make a certificate for the server and one for each client, where each is used.
// The secret half, NAME.key_secret, stays there. The server gets the public ones
// of its clients, in a directory, and the clients that of the server; it is on
// how these get there that all the rest depends.
//
//	go run ./examples/ironhouse2 new server.key Server
//	go run ./examples/ironhouse2 new alice.key Alice
//	mkdir clients && cp alice.key clients
//	go run ./examples/ironhouse2 serve server.key_secret clients
//	go run ./examples/ironhouse2 ask alice.key_secret server.key
//
// Certificates can be put into the directory, or taken out, while the server
// runs. It runs until Ctrl-C. A client that is refused ends with status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/cert"
	"github.com/seed45097122/zmq4/examples/internal/houses"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:9000", "where the server binds and clients connect to")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), `usage: ironhouse2 new FILE NAME
       ironhouse2 [flags] serve SECRET-FILE CLIENTS-DIRECTORY
       ironhouse2 [flags] ask SECRET-FILE SERVERS-PUBLIC-FILE`)
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 3 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch flag.Arg(0) {
	case "new":
		err = create(flag.Arg(1), flag.Arg(2))
	case "serve":
		err = serve(ctx, *endpoint, flag.Arg(1), flag.Arg(2))
	case "ask":
		err = ask(ctx, *endpoint, flag.Arg(1), flag.Arg(2))
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ironhouse2:", err)
		os.Exit(1)
	}
}

func create(file, name string) error {
	c, err := cert.New(map[string]string{"name": name})
	if err != nil {
		return err
	}
	return c.Save(file)
}

// loadSecret loads a certificate that must have a secret key.
func loadSecret(file string) (*cert.Cert, error) {
	c, err := cert.Load(file)
	if err == nil && c.Keys.Secret == "" {
		err = fmt.Errorf("%s: there is no secret key in it", file)
	}
	return c, err
}

func serve(ctx context.Context, endpoint, secretFile, clientsDir string) (err error) {
	mine, err := loadSecret(secretFile)
	if err != nil {
		return err
	}
	clients, err := cert.OpenDir(clientsDir)
	if err != nil {
		return err
	}
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{
		CheckCurve: clients.Check,
		Metadata:   clients.Metadata,
		Logger:     slog.New(slog.NewTextHandler(os.Stdout, nil)),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	server, err := zctx.OpenSocket(zmq4.REP, zmq4.CurveServer("global", mine.Keys.Secret), zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	address, err := server.GetLastEndpoint()
	if err != nil {
		return err
	}
	fmt.Println("listening on", address)
	return houses.Serve(ctx, server, "name")
}

func ask(ctx context.Context, endpoint, secretFile, serverFile string) (err error) {
	mine, err := loadSecret(secretFile)
	if err != nil {
		return err
	}
	server, err := cert.Load(serverFile)
	if err != nil {
		return err
	}
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	answer, err := houses.Ask(ctx, zctx, endpoint, zmq4.CurveClient(server.Keys.Public, mine.Keys.Public, mine.Keys.Secret))
	if err != nil {
		return err
	}
	fmt.Println(answer)
	return nil
}
