#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One side of an exchange of messages, by pyzmq. It takes the arguments of peer.c:

peer.py TYPE bind|connect ENDPOINT ROLE COUNT [SECURITY...]
"""

import select
import signal
import struct
import sys
import zlib

import zmq
import zmq.auth.thread
import zmq.utils.monitor

LIMIT = 60  # seconds until the program is ended, whatever it does
WAIT = 20000  # milliseconds for one call
WINDOW = 64  # requests that are on their way
LARGE = (0, 1, 33, 34, 255, 256, 257, 8191, 8192, 8193, 65536, 1 << 20)
SMALL = (0, 1, 7, 20, 33, 34)
RUN = bytes(range(256)) * 4097


def message(i):
    """Return the parts of message i."""
    parts, crc = [], 0
    sizes = LARGE if i % 10000 < len(LARGE) else SMALL
    for k in range(i % 4):
        start, size = (i + 7 * k) % 256, sizes[(i + 5 * k) % len(sizes)]
        part = RUN[start : start + size]
        crc = zlib.crc32(part, zlib.crc32(struct.pack(">I", size), crc))
        parts.append(part)
    return [b"m" + struct.pack(">QI", i, crc), *parts]


def check(parts, i):
    """End the program if the parts are not those of message i."""
    want = message(i)
    if parts != want:
        sys.exit(f"peer: message {i} is {[p[:40] for p in parts]}, not {[p[:40] for p in want]}")


def echo(s, count):
    for _ in range(count):
        s.send_multipart(s.recv_multipart())


def request(s, count):
    sent = 0
    for i in range(count):
        while sent < count and sent < i + (1 if s.type == zmq.REQ else WINDOW):
            s.send_multipart(message(sent))
            sent += 1
        check(s.recv_multipart(), i)


def send(s, count):
    if s.type == zmq.XPUB:
        subscription = s.recv()
        if subscription != b"\x01m":
            sys.exit(f"peer: not a subscription: {subscription}")
    if s.type == zmq.PUB:
        s.send(b"m")
        while not select.select([sys.stdin], [], [], 0.001)[0]:
            s.send(b"m")
        if not sys.stdin.buffer.readline():
            sys.exit("peer: nobody has subscribed")
    for i in range(count):
        if s.type in (zmq.PUB, zmq.XPUB) and i % 100 == 0:
            s.send(b"not subscribed")
        s.send_multipart(message(i))


def recv(s, count):
    i, synced = 0, False
    while i < count:
        parts = s.recv_multipart()
        if s.type == zmq.ROUTER:
            parts = parts[1:]
        if parts == [b"m"]:
            if not synced:
                print("synced", flush=True)
            synced = True
            continue
        check(parts, i)
        i += 1


FAILED_AUTH = zmq.EVENT_HANDSHAKE_FAILED_AUTH
NOT_CONNECTED = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED


def refused(s, monitor, status):
    """Expect to be refused with the status, or by the protocol itself if that is 0."""
    try:
        s.send(b"let me in", zmq.DONTWAIT)
    except zmq.Again:
        pass  # it has been refused already
    event = zmq.utils.monitor.recv_monitor_message(monitor)
    if status and (event["event"] != FAILED_AUTH or event["value"] != status):
        sys.exit(f"peer: not refused: {event}")
    if not status and not event["event"] & NOT_CONNECTED:
        sys.exit(f"peer: not refused: {event}")
    monitor.close()
    s.linger = 0


class Keys:
    """Lets one CURVE client in."""

    def __init__(self, key):
        self.key = key

    def callback(self, domain, key):
        return domain == "peer" and key == self.key


def secure(ctx, s, kind=None, *args):
    """Make the socket secure. Return what has to be stopped in the end."""
    if kind is None:
        return None
    if kind == "client":  # any options, such as plain_username=alice
        for arg in args:
            name, value = arg.split("=", 1)
            setattr(s, name, value.encode())
        return None
    if kind == "plain-client":
        s.plain_username, s.plain_password = (arg.encode() for arg in args)
        return None
    if kind == "curve-client":
        s.curve_serverkey, s.curve_publickey, s.curve_secretkey = (arg.encode() for arg in args)
        return None
    auth = zmq.auth.thread.ThreadAuthenticator(ctx)
    auth.start()
    s.zap_domain = b"peer"
    if kind == "plain-server":
        auth.configure_plain("peer", {args[0]: args[1]})
        s.plain_server = True
    elif kind == "curve-server":
        auth.configure_curve_callback("peer", Keys(args[1].encode()))
        s.curve_secretkey = args[0].encode()
        s.curve_server = True
    else:
        sys.exit(f"peer: unknown security: {kind}")
    return auth


def main(kind, how, endpoint, role, count, *security):
    signal.alarm(LIMIT)
    ctx = zmq.Context()
    s = ctx.socket(getattr(zmq, kind))
    s.rcvtimeo = s.sndtimeo = WAIT
    if s.type == zmq.SUB:
        s.subscribe(b"m")
    if s.type in (zmq.PUB, zmq.XPUB, zmq.SUB, zmq.XSUB):
        s.sndhwm = s.rcvhwm = 0  # not to lose messages
    if role == "refused":
        monitor = s.get_monitor_socket(FAILED_AUTH | NOT_CONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        monitor.rcvtimeo = WAIT
    auth = secure(ctx, s, *security)
    (s.bind if how == "bind" else s.connect)(endpoint)
    if s.type == zmq.XSUB:
        s.send(b"\x01m")
    print("endpoint", s.last_endpoint.decode(), flush=True)

    if role == "refused":
        refused(s, monitor, int(count))
        s.disable_monitor()
    else:
        {"echo": echo, "request": request, "send": send, "recv": recv}[role](s, int(count))
    sys.stdin.read()  # the other side has got everything
    s.close()
    if auth:
        auth.stop()
    ctx.term()
    print("ok", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
