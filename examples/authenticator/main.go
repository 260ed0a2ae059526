// SPDX-License-Identifier: BSD-2-Clause

// Authenticator lets people in by name and password, and robots by their keys,
// and changes its mind about them while the servers run.
//
// There are two servers: staff, with the PLAIN mechanism, and robots, with
// CURVE, which also encrypts. Both are domains of one Authenticator, whose
// policy may be changed at any time. A change is for clients that connect from
// then on. It logs each decision, never a password, by slog. See the section on
// security in the index for more, from no security up to certificates.
//
// Needs libzmq 4.3 or newer, for the events by which clients learn that they
// were refused.
//
//	go run ./examples/authenticator
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "authenticator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	logger := slog.New(slog.NewTextHandler(os.Stdout, nil))
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()

	serverKeys, err := zmq4.GenerateCurveKeypair()
	if err != nil {
		return err
	}
	robotKeys, err := zmq4.GenerateCurveKeypair()
	if err != nil {
		return err
	}
	staff, err := serve(ctx, zctx, zmq4.PlainServer("staff"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, staff.Close()) }()
	robots, err := serve(ctx, zctx, zmq4.CurveServer("robots", serverKeys.Secret))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, robots.Close()) }()

	alice := zmq4.PlainClient("alice", "wonderland")
	mallory := zmq4.PlainClient("alice", "guessed")
	robot := zmq4.CurveClient(serverKeys.Public, robotKeys.Public, robotKeys.Secret)
	for _, step := range []struct {
		what   string
		change func() error
		server *zmq4.Socket
		client zmq4.OpenOption
	}{
		{"alice, whom nobody knows", nil, staff, alice},
		{"alice, who is on the staff now", func() error { auth.AddUser("staff", "alice", "wonderland"); return nil }, staff, alice},
		{"alice, with another password", nil, staff, mallory},
		{"robot, with an unknown key", nil, robots, robot},
		{"robot, whose key was added", func() error { return auth.AddKeys("robots", robotKeys.Public) }, robots, robot},
		{"robot, whose key was removed", func() error { auth.RemoveKeys("robots", robotKeys.Public); return nil }, robots, robot},
	} {
		if step.change != nil {
			if err := step.change(); err != nil {
				return err
			}
		}
		answer, err := ask(ctx, zctx, step.server, step.client)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", step.what, answer)
	}
	return nil
}

// serve starts a server that tells each client who it is.
func serve(ctx context.Context, zctx *zmq4.Context, security zmq4.OpenOption) (*zmq4.Socket, error) {
	server, err := zctx.OpenSocket(zmq4.REP, security, zmq4.Linger(time.Second), zmq4.Bind("tcp://127.0.0.1:*"))
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			// The authenticator has set the user id.
			_, properties, err := server.RecvMessageWithMetadata(0, "User-Id")
			if err == nil {
				_, err = server.SendContext(ctx, "let in as "+properties["User-Id"], 0)
			}
			if errors.Is(err, zmq4.ErrorSocketClosed) || ctx.Err() != nil {
				return
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "authenticator:", err)
				return
			}
		}
	}()
	return server, nil
}

// ask returns what the server answers, or why it does not let the client in.
func ask(ctx context.Context, zctx *zmq4.Context, server *zmq4.Socket, security zmq4.OpenOption) (answer string, err error) {
	client, err := zctx.OpenSocket(zmq4.REQ, security, zmq4.Linger(0))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		return "", err
	}
	events := client.Events(ctx, zmq4.EVENT_HANDSHAKE_SUCCEEDED|zmq4.EVENT_HANDSHAKE_FAILED_AUTH)
	if err := client.Connect(endpoint); err != nil {
		return "", err
	}
	for event, err := range events {
		if err != nil {
			return "", err
		}
		if event.Event == zmq4.EVENT_HANDSHAKE_FAILED_AUTH {
			return fmt.Sprintf("refused with status %d", event.ZAPStatus), nil
		}
		break
	}
	if _, err := client.SendContext(ctx, "Who am I?", 0); err != nil {
		return "", err
	}
	return client.RecvContext(ctx, 0)
}
