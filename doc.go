// SPDX-License-Identifier: BSD-2-Clause

/*
Package zmq4 sends and receives messages with ZeroMQ. It is a thin binding to
libzmq: the protocols, the queues and the security mechanisms are those of the
C++ library.

	server, err := zmq4.NewSocket(zmq4.REP)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := server.Bind("tcp://127.0.0.1:5555"); err != nil {
		return err
	}
	question, err := server.Recv(0)
	if err != nil {
		return err
	}
	_, err = server.Send("You asked: "+question, 0)
	return err

[OpenSocket] does the first two steps in one, and calls whose names end in
Context can be cancelled:

	client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect("tcp://127.0.0.1:5555"))
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.SendMessageContext(ctx, "Why?"); err != nil {
		return err
	}
	msg, err := client.RecvMessageBytesContext(ctx)

The documentation of each function, option and constant here ends with its name
in C, under which libzmq's manual has it.

The examples below are written inside of the package: in a program, the names have
zmq4. in front. Package [github.com/seed45097122/zmq4/examples] has some that can
be copied as they are, one each for PUB/SUB, [Batch], [Msg], [Poller], [Receiver]
and [Authenticator], and a hundred programs.

# Contexts

A [Context] owns sockets, and the threads that do their input and output. Most
programs need only the default context, which the function [NewSocket] uses.
Another one, by [NewContext], has inproc endpoints, limits and threads of its
own. Libraries and tests should make one.

[Context.Term] ends a context: calls that wait on its sockets return [ETERM].
Then it waits until the sockets are closed and what they have sent is
delivered. By default it waits for that without limit; [Socket.SetLinger] and
[Context.SetBlocky] change it.

# Sockets and goroutines

All methods of contexts, sockets, pollers and reactors may be called from any
goroutine at any time. That is different from libzmq, whose sockets belong to
one thread.

A call that has to wait, such as [Socket.Recv] or [Poller.Poll], parks its
goroutine in Go's network poller. It holds no thread, except during waits of
about a millisecond. It returns

  - when it has something to return;
  - when the time of [Socket.SetRcvtimeo] or [Socket.SetSndtimeo] is over: EAGAIN;
  - when the socket is closed by another goroutine: [ErrorSocketClosed];
  - when the context is terminated: [ETERM].

Nothing else ends it; signals do not. The functions whose names end in Context,
such as [Socket.RecvMessageBytesContext], also return when their context.Context is
done. Then no message is lost: a receive has taken none, a send has sent
nothing. More, and common mistakes, in docs/goroutines.md.

A [Poller] waits for many sockets, and for file descriptors; a [Reactor] calls
functions; [Proxy] and package device pass messages on.

[Socket.Close] has to be called for each socket. One that is lost is closed
when the garbage collector finds it. That may be late, and Term waits for it.

# Messages

A message has one or more parts, which are any bytes. It is delivered whole or
not at all. [Socket.SendMessage] and [Socket.RecvMessage] send and receive all
parts of one message, whatever other goroutines do on the same socket.

[Socket.SendBytes] and [Socket.RecvBytes] do so for one part at a time, with the
flag [SNDMORE] and by [Socket.GetRcvmore]. While one goroutine sends or
receives a message so, no other should do the same on that socket.

[Socket.Messages] iterates over messages, [Socket.Receiver] and [Socket.Sender]
are channels. [Socket.SendBatch] and [Socket.RecvBatch] handle many messages at
once, [Socket.SetReceiveAhead] does so behind receives of one message, and a
[Msg] is a large part that is not copied.

A send copies the message before it returns, unless it is a Msg. A message that
was received belongs to the caller.

# Statistics

[Socket.Stats] tells how many messages and bytes have gone through a socket, and
how long goroutines have waited for it. Package monitor adds its peers and logs
its events; package device runs a proxy in the background.

# Errors

Errors of libzmq and of the system are of type [Errno]. They can be compared with
==, and with errors.Is also to those of package syscall:

	if errors.Is(err, syscall.EAGAIN) { // the same as zmq4.AsErrno(err) == zmq4.Errno(syscall.EAGAIN)
		return nil // the time was over
	}

[ErrorSocketClosed] and [ErrorContextClosed] are net.ErrClosed to errors.Is.

Functions that take a context.Context return an [*OpError] with any of these in
it, or with the error of the context: context.Canceled, or
context.DeadlineExceeded. To errors.Is the latter is os.ErrDeadlineExceeded too,
as EAGAIN is.

# Security

A socket has one of the mechanisms [NULL], [PLAIN], [CURVE] and [GSSAPI]. Only
CURVE and GSSAPI encrypt. CURVE needs the server's public key at the client, and
a key pair on both sides, see [NewCurveKeypair]:

	err := server.ServerAuthCurve("global", serverSecret)
	if err == nil {
		err = client.ClientAuthCurve(serverPublic, clientPublic, clientSecret)
	}

By default a CURVE server lets in every client that knows its public key. An
[Authenticator] lets in the clients that its policy names, and nobody else. It
has to be there before Bind:

	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Keys: []string{clientPublic}})

[AuthStart], with functions such as [AuthCurveAdd], [AuthPlainAdd] and
[AuthAllow], does so for all contexts. Package cert keeps keys in files.
docs/security.md says what is protected and what is not.

# Linking

The package is built with cgo. It finds libzmq, version 4.2 or newer, with
pkg-config; PKG_CONFIG_PATH says where to look for one in an unusual place. On
Windows, and with the tag zmq4_nopkgconfig, the environment variables CGO_CFLAGS
and CGO_LDFLAGS have to say so. With the tag zmq4_static libzmq becomes a part of
the program, see docs/install.md.

A feature that libzmq lacks returns an error where it is used, such as [ENOTSUP] or
EINVAL. [Version] tells which libzmq runs, and [Has] what it can do.

# Differences from pebbe/zmq4

All that github.com/pebbe/zmq4 v1.4.0 exports is here, with the same names, types
and meaning, so that a program needs only

	replace github.com/pebbe/zmq4 => github.com/seed45097122/zmq4

with a version in its go.mod file, or the other import path. docs/differences.md
lists what is better and what is different on purpose, docs/migration.md what such
a program can do without.
*/
package zmq4
