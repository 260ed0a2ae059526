// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

// ServerAuthNull makes the socket a server without security, whose clients
// an [Authenticator], or [AuthAllow] and [AuthDeny], decide on by their
// addresses. The domain has 1 to 255 bytes.
//
// Call it before [Socket.Bind] or [Socket.Connect], and after
// [NewAuthenticator] or [AuthStart]: while nothing authenticates, libzmq lets
// everybody in.
//
// It returns EINVAL for a domain that is empty or too long.
// Options ZMQ_PLAIN_SERVER and ZMQ_ZAP_DOMAIN.
func (server *Socket) ServerAuthNull(domain string) error {
	if err := server.SetPlainServer(0); err != nil {
		return err
	}
	return server.SetZapDomain(domain)
}

// ServerAuthPlain makes the socket a server that asks its clients for a user
// name and a password: those that an [Authenticator], or [AuthPlainAdd], has for
// the domain.
//
// Call it before [Socket.Bind] or [Socket.Connect]. Without [NewAuthenticator]
// or [AuthStart] nobody gets in.
//
// It returns EINVAL for a domain that is empty or longer than 255 bytes.
// Options ZMQ_PLAIN_SERVER and ZMQ_ZAP_DOMAIN.
func (server *Socket) ServerAuthPlain(domain string) error {
	if err := server.SetPlainServer(1); err != nil {
		return err
	}
	return server.SetZapDomain(domain)
}

// ServerAuthCurve makes the socket a server that encrypts, with its secret key
// in Z85, and whose clients need one of the keys that an [Authenticator], or
// [AuthCurveAdd], has for the domain.
//
// Call it before [Socket.Bind] or [Socket.Connect], and after
// [NewAuthenticator] or [AuthStart]: while nothing authenticates, libzmq
// encrypts but takes any client's key. Endpoints that were bound before keep
// the key that they had.
//
// It returns EINVAL for a string that is not a key, which leaves the socket
// as it was, and for a domain that is empty or longer than 255 bytes.
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

// ClientAuthPlain gives the socket the user name, of 1 to 255 bytes, and the
// password, of at most 255 bytes, that a server with [Socket.ServerAuthPlain]
// asks for. They cross the network in clear text.
//
// It returns EINVAL for an empty user name, which would turn security off,
// and for an empty password if the socket had another one before.
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

// ClientAuthCurve gives the socket the public key of a server with
// [Socket.ServerAuthCurve] and the client's own pair of keys, all in Z85. See
// [NewCurveKeypair].
//
// It returns EINVAL for a string that is not a key.
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
