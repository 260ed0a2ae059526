// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log"
	"net/netip"
)

// In a program the names have zmq4. in front.

func ExampleNewAuthenticator() {
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	auth, err := NewAuthenticator(ctx, &AuthConfig{Users: map[string]string{"alice": "secret"}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	server, err := ctx.NewSocket(PULL)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.ServerAuthPlain("global"); err != nil {
		log.Fatal(err)
	}
	if err := server.Bind("tcp://127.0.0.1:*"); err != nil {
		log.Fatal(err)
	}
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		log.Fatal(err)
	}

	client, err := ctx.NewSocket(PUSH)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.ClientAuthPlain("alice", "secret"); err != nil {
		log.Fatal(err)
	}
	if err := client.Connect(endpoint); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Send("hello", 0); err != nil {
		log.Fatal(err)
	}
	msg, metadata, err := server.RecvWithMetadata(0, "User-Id")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(metadata["User-Id"], "says", msg)

	client.Close()
	server.Close()
	if err := ctx.Term(); err != nil {
		log.Fatal(err)
	}
	// Output: alice says hello
}

func ExampleAuthConfig() {
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Term()
	tokens := map[string]string{"alice": "7f3a", "bob": "90cc"} // or a database
	auth, err := NewAuthenticator(ctx, &AuthConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")},
		CheckPlain: func(ctx context.Context, r *AuthRequest, password string) (bool, error) {
			token, known := tokens[r.User]
			return known && subtle.ConstantTimeCompare([]byte(password), []byte(token)) == 1, nil
		},
		Metadata: func(ctx context.Context, r *AuthRequest) (map[string]string, error) {
			return map[string]string{"X-From": r.Address}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	// Later, while clients come and go:
	office := netip.MustParsePrefix("192.0.2.0/24")
	fmt.Println(auth.Allow("*", office))
	fmt.Println(auth.RemoveAllowed("*", office))
	// Output:
	// <nil>
	// <nil>
}

// CURVE: who has one of the keys, or one that a function knows, gets in.
func ExampleAuthenticator_AddKeys() {
	var keys [3]CurveKeypair // of the server, of Alice and of Bob
	for i := range keys {
		var err error
		if keys[i], err = GenerateCurveKeypair(); err != nil {
			log.Fatal(err)
		}
	}
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	auth, err := NewAuthenticator(ctx, &AuthConfig{
		CheckCurve: func(ctx context.Context, r *AuthRequest) (bool, error) { return r.User == keys[2].Public, nil },
		Metadata: func(ctx context.Context, r *AuthRequest) (map[string]string, error) {
			return map[string]string{"User-Id": map[string]string{keys[1].Public: "alice", keys[2].Public: "bob"}[r.User]}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	if err := auth.AddKeys("global", keys[1].Public); err != nil {
		log.Fatal(err)
	}

	server, err := ctx.OpenSocket(PULL, CurveServer("global", keys[0].Secret), Bind("tcp://127.0.0.1:*"))
	if err != nil {
		log.Fatal(err)
	}
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		log.Fatal(err)
	}
	for _, own := range keys[1:] {
		client, err := ctx.OpenSocket(PUSH, CurveClient(keys[0].Public, own.Public, own.Secret), Connect(endpoint))
		if err != nil {
			log.Fatal(err)
		}
		client.Send("hello", 0)
		msg, metadata, err := server.RecvWithMetadata(0, "User-Id")
		fmt.Println(metadata["User-Id"], "says", msg, err)
		client.Close()
	}
	server.Close()
	ctx.Term()
	// Output:
	// alice says hello <nil>
	// bob says hello <nil>
}
