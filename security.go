// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

// ServerAuthNull makes the socket a server without security, for which an
// [Authenticator], or [AuthAllow] and [AuthDeny], decide by the addresses of
// the clients. The domain has 1 to 255 bytes.
//
// Call it before [Socket.Bind] or [Socket.Connect], and after
// [NewAuthenticator] or [AuthStart]. While neither is running, libzmq lets
// everybody in.
//
// It returns EINVAL for a domain that is empty or too long.
//
// Options ZMQ_PLAIN_SERVER and ZMQ_ZAP_DOMAIN.
func (server *Socket) ServerAuthNull(domain string) error {
	if err := server.SetPlainServer(0); err != nil {
		return err
	}
	return server.SetZapDomain(domain)
}

// ServerAuthPlain makes the socket a PLAIN server, which asks its clients for
// a user name and a password. An [Authenticator], or [AuthPlainAdd], has the
// users of the domain.
//
// Call it before [Socket.Bind] or [Socket.Connect]. Without
// [NewAuthenticator] or [AuthStart] nobody is let in.
//
// It returns EINVAL for a domain that is empty or longer than 255 bytes.
//
// Options ZMQ_PLAIN_SERVER and ZMQ_ZAP_DOMAIN.
func (server *Socket) ServerAuthPlain(domain string) error {
	if err := server.SetPlainServer(1); err != nil {
		return err
	}
	return server.SetZapDomain(domain)
}

// ServerAuthCurve makes the socket a CURVE server, which encrypts. It sets
// the secret key, in Z85, and the domain, for which an [Authenticator], or
// [AuthCurveAdd], has the keys of the clients that are let in.
//
// Call it before [Socket.Bind] or [Socket.Connect], and after
// [NewAuthenticator] or [AuthStart]. While neither is running, libzmq
// encrypts but lets in clients with any key. Endpoints that were bound before
// keep their key.
//
// It returns EINVAL for a string that is not a key, and for a domain that is
// empty or longer than 255 bytes. The socket is then unchanged.
//
// Options ZMQ_CURVE_SECRETKEY, ZMQ_CURVE_SERVER and ZMQ_ZAP_DOMAIN.
func (server *Socket) ServerAuthCurve(domain, secret_key string) error {
	if err := server.SetCurveSecretkey(secret_key); err != nil {
		return err
	}
	if err := server.SetCurveServer(1); err != nil {
		return err
	}
	return server.SetZapDomain(domain)
}

// ClientAuthPlain makes the socket a PLAIN client: it sets the user name, of
// 1 to 255 bytes, and the password, of at most 255 bytes, that a server with
// [Socket.ServerAuthPlain] asks for. They cross the network in clear text.
//
// It returns EINVAL for an empty user name, which would turn security off,
// and for an empty password if the socket had another one before.
//
// Options ZMQ_PLAIN_USERNAME and ZMQ_PLAIN_PASSWORD.
func (client *Socket) ClientAuthPlain(username, password string) error {
	if username == "" {
		if _, err := client.Context(); err != nil {
			return err
		}
		return einval
	}
	if err := client.SetPlainUsername(username); err != nil {
		return err
	}
	return client.SetPlainPassword(password)
}

// ClientAuthCurve makes the socket a CURVE client: it sets the public key of
// the server and the client's own key pair, all in Z85. See
// [Socket.ServerAuthCurve] and [NewCurveKeypair].
//
// It returns EINVAL for a string that is not a key.
//
// Options ZMQ_CURVE_SERVERKEY, ZMQ_CURVE_PUBLICKEY and ZMQ_CURVE_SECRETKEY.
func (client *Socket) ClientAuthCurve(server_public_key, client_public_key, client_secret_key string) error {
	if err := client.SetCurveServerkey(server_public_key); err != nil {
		return err
	}
	if err := client.SetCurvePublickey(client_public_key); err != nil {
		return err
	}
	return client.SetCurveSecretkey(client_secret_key)
}
