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

The documentation of a function or option ends with its name in C, by which you
find it in libzmq's manual.

The examples below are part of the package. In a program, put zmq4. in front of
the names. Package [github.com/seed45097122/zmq4/examples] has examples that can be
copied as they are, one each for PUB/SUB, [Batch], [Msg], [Poller], [Receiver] and
[Authenticator], and a hundred programs.

# Contexts

A [Context] owns sockets, and the threads that do their input and output. Most
programs need only the default context, which the function [NewSocket] uses.
[NewContext] makes another one, with its own inproc endpoints, limits and threads.
Libraries and tests should make one.

[Context.Term] ends a context: calls that wait on its sockets return [ETERM].
Then it waits until the sockets are closed and the messages that they have sent
are delivered. By default that wait has no limit; [Socket.SetLinger] and
[Context.SetBlocky] set one.

# Sockets and goroutines

All methods of contexts, sockets, pollers and reactors may be called from any
goroutine at any time. In libzmq itself, a socket belongs to one thread.

A call that has to wait, such as [Socket.Recv] or [Poller.Poll], parks its
goroutine in Go's network poller. It holds no thread, except during waits of
about a millisecond. It returns

  - when it has a result;
  - with EAGAIN when the time of [Socket.SetRcvtimeo] or [Socket.SetSndtimeo] is over;
  - with [ErrorSocketClosed] when another goroutine closes the socket;
  - with [ETERM] when the context is terminated.

Signals do not end it. Functions whose names end in Context, such as
[Socket.RecvMessageBytesContext], also return when their context.Context is done.
No message is lost then: a receive has taken none, a send has sent nothing.
docs/goroutines.md has more, and common mistakes.

A [Poller] waits for many sockets, and for file descriptors; a [Reactor] calls
functions; [Proxy] and package device pass messages on.

Close each socket with [Socket.Close]. The garbage collector closes a socket that
has become unreachable, but that may be late, and Term waits for it.

# Messages

A message has one or more parts of any bytes. It is delivered whole or not at all.
[Socket.SendMessage] and [Socket.RecvMessage] send and receive all parts of one
message, whatever other goroutines do on the same socket.

[Socket.SendBytes] and [Socket.RecvBytes] handle one part at a time, with the flag
[SNDMORE] and with [Socket.GetRcvmore]. While one goroutine is in the middle of a
message, no other should do the same on that socket.

[Socket.Messages] iterates over messages. [Socket.Receiver] and [Socket.Sender]
are channels. [Socket.SendBatch] and [Socket.RecvBatch] handle many messages in one
call; [Socket.SetReceiveAhead] makes receives of single messages do so. A [Msg] is
a large part that is not copied.

A send copies the message before it returns, unless it is a Msg. A received
message belongs to the caller.

# Statistics

[Socket.Stats] counts the messages and bytes that have gone through a socket, and
the time that goroutines have waited for it. Package monitor counts its peers and
logs its events. Package device runs a proxy in the background.

# Errors

Errors of libzmq and of the system are of type [Errno]. Compare them with ==, or
with errors.Is, which also matches the errors of package syscall:

	if errors.Is(err, syscall.EAGAIN) { // the same as zmq4.AsErrno(err) == zmq4.Errno(syscall.EAGAIN)
		return nil // the time was over
	}

errors.Is also matches [ErrorSocketClosed] and [ErrorContextClosed] with
net.ErrClosed.

Functions that take a context.Context return an [*OpError]. It wraps one of these
errors, or that of the context: context.Canceled or context.DeadlineExceeded. To
errors.Is, the latter and EAGAIN are also os.ErrDeadlineExceeded. [OpenSocket]
returns an OpError, too. It says which part of an endpoint is wrong, see
[EndpointError], or which CURVE key.

If [Context.Term] does not return, sockets are still open, or messages not yet
delivered. [Context.Sockets] lists the open sockets, and with [RecordOrigins] the
line that made each. Package monitor has a web page of them.

# Security

A socket has one of the mechanisms [NULL], [PLAIN], [CURVE] and [GSSAPI]. Only
CURVE and GSSAPI encrypt. CURVE needs the server's public key at the client, and
a key pair on both sides, see [NewCurveKeypair]:

	err := server.ServerAuthCurve("global", serverSecret)
	if err == nil {
		err = client.ClientAuthCurve(serverPublic, clientPublic, clientSecret)
	}

By default a CURVE server lets in every client that knows its public key. An
[Authenticator] lets in the clients that its policy names, and nobody else. Make
it before Bind:

	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Keys: []string{clientPublic}})

[AuthStart], with functions such as [AuthCurveAdd], [AuthPlainAdd] and
[AuthAllow], does the same for all contexts. Package cert keeps keys in files.
docs/security.md says where the protection ends.

# Linking

The package needs cgo, and libzmq 4.2 or newer. It finds libzmq with pkg-config;
set PKG_CONFIG_PATH for one in an unusual place. On Windows, and with the build tag
zmq4_nopkgconfig, set CGO_CFLAGS and CGO_LDFLAGS instead. The build tag zmq4_static
links libzmq into the program. See docs/install.md.

If libzmq lacks a feature, its functions return an error such as [ENOTSUP] or
EINVAL. [Version] returns the version of libzmq, and [Has] reports its
capabilities.

# Differences from pebbe/zmq4

The package exports everything that github.com/pebbe/zmq4 v1.4.0 does, with the
same names, types and meaning. To switch, a program changes the import path, or
adds one line to its go.mod file, with a version:

	replace github.com/pebbe/zmq4 => github.com/seed45097122/zmq4 v0.1.0

docs/differences.md lists the differences, and docs/migration.md the code that such
a program no longer needs.
*/
package zmq4
