// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"fmt"
	"testing"
)

// TestHighWaterMarkWithCredentials receives with the smallest queue that there is from
// clients that an authenticator has let in.
func TestHighWaterMarkWithCredentials(t *testing.T) {
	serverKey, err := GenerateCurveKeypair()
	must(t, err)
	key, err := GenerateCurveKeypair()
	must(t, err)
	for _, mechanism := range []string{"NULL", "PLAIN", "CURVE"} {
		for _, types := range [][2]Type{{PULL, PUSH}, {ROUTER, DEALER}, {XPUB, XSUB}} {
			for _, first := range []bool{true, false} {
				t.Run(fmt.Sprint(mechanism, types, first), func(t *testing.T) {
					ctx := newContext(t)
					auth, err := NewAuthenticator(ctx, &AuthConfig{
						Users: map[string]string{"me": "x"}, Keys: []string{key.Public},
						Metadata: func(context.Context, *AuthRequest) (map[string]string, error) {
							return map[string]string{"User-Id": "me"}, nil
						},
					})
					must(t, err)
					t.Cleanup(func() { auth.Close() })
					server, client := newSocket(t, ctx, types[0]), newSocket(t, ctx, types[1])
					if first {
						must(t, server.SetRcvhwm(1))
					}
					switch mechanism {
					case "NULL":
						must(t, server.ServerAuthNull("d"))
					case "PLAIN":
						must(t, server.ServerAuthPlain("d"))
						must(t, client.ClientAuthPlain("me", "x"))
					case "CURVE":
						must(t, server.ServerAuthCurve("d", serverKey.Secret))
						must(t, client.ClientAuthCurve(serverKey.Public, key.Public, key.Secret))
					}
					if !first {
						must(t, server.SetRcvhwm(1))
					}
					if n, err := server.GetRcvhwm(); n != 1 || err != nil {
						t.Errorf("the mark is %d, %v", n, err)
					}
					must(t, client.Connect(bindOn(t, server, "tcp")))
					must(t, server.SetRcvtimeo(patience))
					for i := range 10 {
						_, err := client.SendMessage(fmt.Sprint("\x01", i))
						must(t, err)
						_, err = server.RecvMessage(0)
						must(t, err)
					}
				})
			}
		}
	}
}
