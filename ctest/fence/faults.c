// SPDX-License-Identifier: BSD-2-Clause

//go:build ignore

// Faults of libzmq, one case each, with nothing but libzmq:
//
//	faults CASE
//
// ends as the fault ends a program: by a signal, or with a status of fence.h if it
// hangs, loses or leaks something. If the fault is not there, the status is 0. The
// cases are those of docs/libzmq.md. Without a CASE it prints the version of
// libzmq, and the names of all cases.

#include "fence.h"

// --- from the network ---

// A PING that waits in the buffer behind messages that the pipe had no room for.
static void ping_after_hwm(void)
{
	void *s = sock(ZMQ_PULL);
	unsigned char b[4096];
	size_t n = 0;
	set(s, ZMQ_RCVHWM, 1);
	int fd = peer(bind_tcp(s), "PUSH");
	for (int i = 0; i < 6; i++)
		n += put_frame(b + n, 0, "x", 1);
	n += put_frame(b + n, COMMAND, "\4PING\0\0", 7);
	put(fd, b, n);
	ms(100);
	reset(fd);
	ms(100);
	for (int i = 0; i < 6; i++)
		take_any(s);
	ms(100);
}

// The timer of a heartbeat, after the connection broke while the pipe was full.
static void heartbeat_after_hwm(void)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_RCVHWM, 1);
	set(s, ZMQ_HEARTBEAT_IVL, 200);
	int fd = peer(bind_tcp(s), "PUSH");
	for (int i = 0; i < 6; i++)
		frame(fd, 0, "x", 1);
	ms(50);
	reset(fd);
	ms(600);
}

static void v2_greeting(int fd, int type)
{
	unsigned char g[12] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, (unsigned char) type};
	put(fd, g, sizeof g);
	get(fd, g, sizeof g);
}

// v2_peer_id is a peer with a routing id that begins with a zero byte.
static void v2_peer_id(const char *to, const unsigned char *id)
{
	int fd = dial(to);
	v2_greeting(fd, ZMQ_DEALER);
	frame(fd, 0, id, 5);
	frame(fd, 0, "x", 1);
}

// A peer of ZMTP 2.0 that says who it is after the endpoint was unbound.
static void v2_unbind(void)
{
	void *s = sock(ZMQ_ROUTER);
	int fd = dial(bind_tcp(s));
	v2_greeting(fd, ZMQ_DEALER);
	ms(100);
	try(zmq_unbind(s, endpoint));
	ms(100);
	put(fd, "\0\0", 2);
	ms(200);
}

// The same of ZMTP 1.0, for which libzmq makes a subscription.
static void v1_unbind(void)
{
	void *s = sock(ZMQ_PUB);
	int fd = dial(bind_tcp(s));
	put(fd, "\1", 1);
	ms(100);
	try(zmq_unbind(s, endpoint));
	ms(100);
	put(fd, "\0", 1);
	ms(200);
}

// rest_lost breaks the connection of a socket that has received a part of a message.
static void rest_lost(void *s, void (*hang_up)(int))
{
	int fd = call(s, "PUSH");
	for (int i = 0; i < 300; i++)
		frame(fd, i < 299 ? MORE : 0, "x", 1);
	take_any(s);
	ms(50);
	hang_up(fd);
	ms(100);
	for (int i = 1; i < 300; i++)
		if (take_any(s) == -1)
			LOSE("the rest of a message");
}

static void hang_up(int fd) { close(fd); }

// A connection without reconnecting that ends while the rest of a message is
// still to be received: libzmq ends its pipe.
static void reconnect_off(void)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_RECONNECT_IVL, -1);
	rest_lost(s, hang_up);
}

// The same, after ZMQ_EVENTS has read the first part.
static void reconnect_off_events(void)
{
	void *s = sock(ZMQ_SUB);
	set_text(s, ZMQ_SUBSCRIBE, "", 0);
	set(s, ZMQ_RECONNECT_IVL, -1);
	int fd = call(s, "PUB");
	frame(fd, MORE, "x", 1);
	frame(fd, 0, "y", 1);
	ready_for(s, ZMQ_POLLIN);
	close(fd);
	ms(100);
	events(s);
	take_any(s);
	if (take_any(s) == -1 && events(s) & ZMQ_POLLIN)
		SPIN("the rest of a message never comes, and ZMQ_EVENTS has ZMQ_POLLIN");
}

// Messages that have arrived are gone with a connection that is not made again.
static void reconnect_off_unread(void)
{
	void *s = sock(ZMQ_PULL);
	int n = 0;
	set(s, ZMQ_RECONNECT_IVL, -1);
	int fd = call(s, "PUSH");
	for (int i = 0; i < 10; i++)
		frame(fd, 0, "x", 1);
	ms(100);
	close(fd);
	ms(100);
	events(s);
	while (n < 10 && take_any(s) == 1)
		n++;
	if (n < 10)
		LOSE("%d of 10 messages", n);
}

// An XSUB is told that its connection broke after it was closed.
static void hiccup_close(void)
{
	void *s = sock(ZMQ_XSUB);
	set(s, ZMQ_LINGER, -1);
	int l = hear();
	try(zmq_connect(s, endpoint));
	int fd = guest(l, "PUB");
	ms(50);
	events(s);
	close(l);
	reset(fd);
	ms(100);
	limit(3);
	zmq_close(s);
	zmq_ctx_term(ctx);
}

// A short PING is answered with memory behind it.
static void ping_short(void)
{
	void *s = sock(ZMQ_PULL);
	unsigned char pong[300];
	int fd = peer(bind_tcp(s), "PUSH"), n;
	frame(fd, COMMAND, "\4PING", 5);
	n = get_frame(fd, pong, sizeof pong);
	if (n > 5)
		LEAK("%d bytes of memory", n - 5);
}

// A client whose server once sends nonsense does not come back.
static void protocol_stop(void)
{
	void *s = sock(ZMQ_PULL);
	struct pollfd p = {hear(), POLLIN, 0};
	set(s, ZMQ_RECONNECT_IVL, 10);
	try(zmq_connect(s, endpoint));
	int fd = accept(p.fd, NULL, NULL);
	greet(fd);
	frame(fd, COMMAND, "\5HELLO", 6);
	if (poll(&p, 1, 1000) == 0)
		LOSE("the connection is not made again");
}

// A socket that is closed right after a connect does not linger for what it sent there.
static void linger_connect(void)
{
	void *s = sock(ZMQ_PUSH), *first = sock(ZMQ_PULL);
	char data[1] = "";
	set(s, ZMQ_LINGER, -1);
	bind_tcp(first);
	for (int i = 0; i < 200; i++) {
		void *second = sock(ZMQ_PULL);
		s = sock(ZMQ_PUSH);
		set(s, ZMQ_LINGER, -1);
		bind_to(s, "inproc://x");
		zmq_send(s, data, 1, ZMQ_DONTWAIT);
		bind_tcp(second);
		try(zmq_connect(s, endpoint));
		text(s, "m", 0);
		zmq_close(s);
		if (take_any(second) != 1)
			LOSE("a message, in round %d", i);
		zmq_close(second);
		ms(1);
	}
}

// A peer takes the routing id that a ROUTER makes up next.
static void rid_taken(void)
{
	void *s = sock(ZMQ_ROUTER);
	unsigned char id[256];
	int fd = peer(bind_tcp(s), "DEALER");
	frame(fd, 0, "x", 1);
	if (take(s, (char *) id, sizeof id) != 5)
		end(FAILED, "no made-up routing id");
	take_any(s);
	for (int i = 4; ++id[i] == 0;)
		i--;
	v2_peer_id(endpoint, id);
	take_any(s);
	take_any(s);
	fd = peer(endpoint, "DEALER");
	frame(fd, 0, "x", 1);
	take_any(s);
}

// A peer has the routing id that ZMQ_CONNECT_ROUTING_ID then gives another.
static void rid_connect(void)
{
	void *s = sock(ZMQ_ROUTER);
	int fd = dial(bind_tcp(s));
	greet(fd);
	ready(fd, "DEALER", "name");
	frame(fd, 0, "x", 1);
	take_any(s);
	set_text(s, ZMQ_CONNECT_ROUTING_ID, "name", 4);
	hear();
	try(zmq_connect(s, endpoint));
}

static void rid_twice(void)
{
	void *s = sock(ZMQ_ROUTER);
	hear();
	set_text(s, ZMQ_CONNECT_ROUTING_ID, "name", 4);
	try(zmq_connect(s, endpoint));
	set_text(s, ZMQ_CONNECT_ROUTING_ID, "name", 4);
	try(zmq_connect(s, endpoint));
}

// A REP forgets how to route the reply after a request without an empty part, from a peer that has gone.
static void rep_malformed(void)
{
	void *s = sock(ZMQ_REP), *c = sock(ZMQ_REQ);
	int fd = peer(bind_tcp(s), "DEALER");
	frame(fd, MORE, "x", 1);
	frame(fd, 0, "y", 1);
	ms(100);
	reset(fd);
	ms(100);
	try(zmq_connect(c, endpoint));
	text(c, "request", 0);
	if (take_any(s) != 7)
		end(FAILED, "no request");
	text(s, "reply", 0);
	if (take_any(c) != 5)
		LOSE("the reply to another client");
}

// A subscriber comes, asks and goes before a publisher with ZMQ_XPUB_MANUAL serves
// it. What is kept for it is given to another one.
static void xpub_manual_gone(void)
{
	void *s = sock(ZMQ_XPUB);
	char sub[256];
	set(s, ZMQ_XPUB_MANUAL, 1);
	bind_tcp(s);
	for (int i = 0; i < 200; i++) {
		int fd = peer(endpoint, "SUB");
		frame(fd, 0, "\1a", 2);
		ready_for(s, ZMQ_POLLIN);
		reset(fd);
		ms(5);
		events(s);
		take_any(s);
		set_text(s, ZMQ_SUBSCRIBE, "a", 1);
		while (zmq_recv(s, sub, sizeof sub, ZMQ_DONTWAIT) >= 0)
			;
		struct pollfd p = {peer(endpoint, "SUB"), POLLIN, 0};
		frame(p.fd, 0, "\1b", 2);
		take_any(s);
		text(s, "a", 0);
		if (poll(&p, 1, 5) == 1)
			LEAK("a message to a subscriber of something else, in round %d", i);
		reset(p.fd);
		ms(2);
		events(s);
		while (zmq_recv(s, sub, sizeof sub, ZMQ_DONTWAIT) >= 0)
			;
	}
}

// The timer of the handshake ends a good connection of ZMTP 2.0.
static void v2_handshake(void)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_HANDSHAKE_IVL, 300);
	int fd = dial(bind_tcp(s));
	v2_greeting(fd, ZMQ_PUSH);
	put(fd, "\0\0", 2);
	ms(600);
	put(fd, "\0\1x", 3);
	if (take_any(s) != 1)
		LOSE("the connection, when ZMQ_HANDSHAKE_IVL was over");
}

// A filter whose length the encoder puts into one byte.
static void filter_length(void)
{
	void *pub = sock(ZMQ_XPUB), *sub = sock(ZMQ_SUB);
	char filter[250] = "f";
	try(zmq_connect(sub, bind_tcp(pub)));
	set_text(sub, ZMQ_SUBSCRIBE, filter, sizeof filter);
	if (take(pub, filter, sizeof filter) != sizeof filter + 1)
		LOSE("a subscription of %d bytes, and all others", (int) sizeof filter);
}

// More subscriptions than the high-water mark has room for.
static void filters_beyond_hwm(void)
{
	void *pub = sock(ZMQ_XPUB), *sub = sock(ZMQ_SUB);
	char filter[300];
	int n = 0;
	set(sub, ZMQ_SNDHWM, 10);
	bind_tcp(pub);
	for (int i = 0; i < 100; i++) {
		snprintf(filter, sizeof filter, "%d", i);
		set_text(sub, ZMQ_SUBSCRIBE, filter, strlen(filter));
	}
	try(zmq_connect(sub, endpoint));
	while (n < 100 && take(pub, filter, sizeof filter) > 0)
		n++;
	if (n < 100)
		LOSE("%d of 100 subscriptions", 100 - n);
}

static char long_filter[2000000];

// The trie of filters calls itself for each byte of a filter.
static void trie_unsubscribe(void)
{
	void *sub = sock(ZMQ_SUB);
	set_text(sub, ZMQ_SUBSCRIBE, long_filter, sizeof long_filter);
	set_text(sub, ZMQ_UNSUBSCRIBE, long_filter, sizeof long_filter);
}

static void trie_close(void)
{
	void *sub = sock(ZMQ_SUB);
	set_text(sub, ZMQ_SUBSCRIBE, long_filter, sizeof long_filter);
	zmq_close(sub);
	zmq_ctx_term(ctx);
}

// A subscriber takes back a long filter, through a proxy.
static void trie_proxy(void)
{
	void *front = sock(ZMQ_XSUB), *back = sock(ZMQ_XPUB);
	const size_t size = sizeof long_filter;
	size_t got = 0;
	bind_tcp(back);
	int fd = peer(endpoint, "SUB");
	for (int i = 1; i >= 0; i--) {
		long_filter[0] = (char) i;
		frame(fd, 0, long_filter, size);
		do {
			got = (size_t) try(zmq_recv(back, long_filter, size, 0));
			try(zmq_send(front, long_filter, got, 0));
		} while (got < 100);
	}
}

// A message of very many parts, with limits of the size and the number of messages.
static void endless_parts(void)
{
	void *s = sock(ZMQ_PULL);
	int64_t max = 1000;
	unsigned char b[3000];
	size_t n = 0;
	set_text(s, ZMQ_MAXMSGSIZE, &max, sizeof max);
	set(s, ZMQ_RCVHWM, 10);
	int fd = peer(bind_tcp(s), "PUSH");
	while (n < sizeof b - 3)
		n += put_frame(b + n, MORE, "x", 1);
	long before = resident();
	for (int i = 0; i < 1000; i++)
		put(fd, b, n);
	for (int i = 0; i < 100; i++) {
		ms(50);
		if (resident() > before + 30)
			LEAK("%ld MiB by %d MiB", resident() - before, (int) (1000 * n >> 20));
	}
}

// Very many subscriptions.
static void endless_filters(void)
{
	void *s = sock(ZMQ_PUB);
	int64_t max = 1000;
	unsigned char b[100], filter[60] = {1};
	set_text(s, ZMQ_MAXMSGSIZE, &max, sizeof max);
	set(s, ZMQ_RCVHWM, 10);
	set(s, ZMQ_SNDHWM, 10);
	int fd = peer(bind_tcp(s), "SUB");
	long before = resident();
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(filter + 1, &i, sizeof i);
		put(fd, b, put_frame(b, 0, filter, sizeof filter));
		if (i % 100 == 0)
			events(s);
	}
	grows(s, before, 20, "20000 subscriptions of 60 bytes");
}

// A conflating socket keeps the last part of a message.
static void conflate_parts(void)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_CONFLATE, 1);
	int fd = peer(bind_tcp(s), "PUSH");
	frame(fd, MORE, "1", 1);
	frame(fd, MORE, "2", 1);
	ms(100);
	take_any(s);
	take_any(s);
	frame(fd, 0, "3", 1);
	ms(100);
	take_any(s);
}

// by_socks connects a socket by a proxy that answers its greeting.
static void by_socks(void *s, const char *to, const char *answer)
{
	unsigned char b[3];
	int l = hear();
	set_text(s, ZMQ_SOCKS_PROXY, endpoint + 6, strlen(endpoint) - 6);
	try(zmq_connect(s, to));
	int fd = accept(l, NULL, NULL);
	get(fd, b, 3);
	put(fd, answer, 2);
	ms(200);
}

// The proxy refuses, and then the socket is closed.
static void socks_refused(void)
{
	void *s = sock(ZMQ_PUSH);
	set(s, ZMQ_RECONNECT_IVL, 10000);
	by_socks(s, "tcp://127.0.0.1:9", "\5\377");
	limit(3);
	zmq_close(s);
	zmq_ctx_term(ctx);
}

// A host name that is too long for SOCKS.
static void socks_host(void)
{
	char to[400] = "tcp://";
	memset(to + 6, 'x', 300);
	strcpy(to + 306, ":1");
	by_socks(sock(ZMQ_PUSH), to, "\5\0");
}

// PLAIN with ZMQ_ZAP_ENFORCE_DOMAIN and no domain, when a client comes.
static void zap_enforce(void)
{
	void *s = sock(ZMQ_PULL);
	unsigned char g[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'P', 'L', 'A', 'I', 'N'};
	set(s, ZMQ_PLAIN_SERVER, 1);
	set(s, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
	put(dial(bind_tcp(s)), g, sizeof g);
	ms(200);
}

// zap_handler makes a socket that is asked about the clients of another one.
static void *zap_handler(int type, void *s)
{
	void *zap = sock(type);
	try(zmq_bind(zap, "inproc://zeromq.zap.01"));
	set_text(s, ZMQ_ZAP_DOMAIN, "x", 1);
	return zap;
}

// A socket at the endpoint of the ZAP handler that is none, when a client comes.
static void zap_type(void)
{
	void *s = sock(ZMQ_PULL);
	zap_handler(ZMQ_DEALER, s);
	int fd = dial(bind_tcp(s));
	greet(fd);
	ms(200);
}

// zap_request receives a request to a ZAP handler of type ROUTER.
static int zap_request(void *zap, char *id)
{
	char data[256];
	int n = take(zap, id, 256), more = n >= 0;
	for (size_t size = sizeof more; more;) {
		take(zap, data, sizeof data);
		zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size);
	}
	return n;
}

static void zap_reply(void *zap, const char *id, int n, const char *user)
{
	const char *reply[] = {"", "1.0", "1", "200", "OK", user, ""};
	try(zmq_send(zap, id, (size_t) n, ZMQ_SNDMORE));
	for (int i = 0; i < 7; i++)
		text(zap, reply[i], i < 6 ? ZMQ_SNDMORE : 0);
}

// A ZAP handler answers when the connection that it is about has been replaced.
static void zap_late(void)
{
	void *s = sock(ZMQ_PULL), *zap = zap_handler(ZMQ_ROUTER, s);
	char id[256];
	set(s, ZMQ_RECONNECT_IVL, 10);
	int l = hear();
	try(zmq_connect(s, endpoint));
	int fd = accept(l, NULL, NULL);
	greet(fd);
	int n = zap_request(zap, id);
	reset(fd);
	fd = accept(l, NULL, NULL);
	ms(100);
	zap_reply(zap, id, n, "");
	ms(200);
}

// Connections that cannot be accepted keep the I/O thread busy.
static void accept_spin(void)
{
	void *s = sock(ZMQ_PULL);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(port_of(bind_tcp(s)));
	few_files(0);
	if (connect(fd, (struct sockaddr *) &a, sizeof a) == -1)
		end(FAILED, "connect: %s", strerror(errno));
	ms(50);
	busy();
}

// A group of more than 127 bytes.
static void udp_group(void)
{
	need_draft();
	void *s = sock(ZMQ_DISH);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), port = 20000 + getpid() % 40000;
	struct sockaddr_in a = loopback(port);
	char to[64], data[200] = "\200";
	snprintf(to, sizeof to, "udp://127.0.0.1:%d", port);
	try(zmq_bind(s, to));
	ms(100);
	sendto(fd, data, sizeof data, 0, (struct sockaddr *) &a, sizeof a);
	ms(200);
}

// --- by the program ---

// The pipe of a message of which ZMQ_EVENTS has read the first part is ended.
static void disconnect_prefetched(void)
{
	void *sub = sock(ZMQ_SUB), *pub = sock(ZMQ_XPUB);
	set_text(sub, ZMQ_SUBSCRIBE, "", 0);
	try(zmq_connect(sub, bind_tcp(pub)));
	take_any(pub);
	parts(pub, 2, 1);
	ready_for(sub, ZMQ_POLLIN);
	try(zmq_disconnect(sub, endpoint));
	take_any(sub);
	take_any(sub);
}

// The same, of which the program has received the first part.
static void disconnect_half(void)
{
	void *pull = sock(ZMQ_PULL), *push = sock(ZMQ_PUSH);
	try(zmq_connect(pull, bind_tcp(push)));
	parts(push, 2, 1);
	take_any(pull);
	try(zmq_disconnect(pull, endpoint));
	take_any(pull);
}

static void rep_raw(void)
{
	void *rep = sock(ZMQ_REP), *req = sock(ZMQ_REQ);
	try(zmq_connect(req, bind_tcp(rep)));
	text(req, "x", 0);
	ready_for(rep, ZMQ_POLLIN);
	set(rep, ZMQ_ROUTER_RAW, 1);
	take_any(rep);
}

// An empty part for a raw connection, from a ROUTER that is not raw any more.
static void raw_off(void)
{
	void *s = sock(ZMQ_ROUTER);
	char id[256];
	int n;
	set(s, ZMQ_ROUTER_RAW, 1);
	int fd = dial(bind_tcp(s));
	put(fd, "x", 1);
	n = try(take(s, id, sizeof id));
	take_any(s);
	set(s, ZMQ_ROUTER_RAW, 0);
	try(zmq_send(s, id, (size_t) n, ZMQ_SNDMORE));
	try(zmq_send(s, "", 0, 0));
	ms(200);
}

// A SUB with more filters than its high-water mark binds what a ROUTER waits for.
static void pending_filters(void)
{
	void *router = sock(ZMQ_ROUTER), *sub = sock(ZMQ_SUB);
	char filter[20];
	set(router, ZMQ_RCVHWM, 1);
	set(sub, ZMQ_SNDHWM, 1);
	try(zmq_connect(router, "inproc://x"));
	for (int i = 0; i < 10; i++) {
		snprintf(filter, sizeof filter, "%d", i);
		set_text(sub, ZMQ_SUBSCRIBE, filter, strlen(filter));
	}
	zmq_bind(sub, "inproc://x");
}

static void pending_router(void)
{
	void *s = sock(ZMQ_ROUTER), *b = sock(ZMQ_DEALER);
	try(zmq_connect(s, "inproc://x"));
	try(zmq_disconnect(s, "inproc://x"));
	events(s);
	zmq_bind(b, "inproc://x");
}

// bind_after binds what a conflating socket has waited for.
static void bind_after(int (*end)(void *))
{
	void *s = sock(ZMQ_PUSH), *b = sock(ZMQ_PULL);
	set(s, ZMQ_CONFLATE, 1);
	try(zmq_connect(s, "inproc://x"));
	end(s);
	ms(100);
	zmq_bind(b, "inproc://x");
}

static int disconnect_x(void *s) { return zmq_disconnect(s, "inproc://x"); }

static void pending_conflate(void) { bind_after(disconnect_x); }

static void pending_conflate_close(void) { bind_after(zmq_close); }

static void pending_pair(void)
{
	void *pair = sock(ZMQ_PAIR), *b = sock(ZMQ_PAIR), *r = sock(ZMQ_ROUTER);
	try(zmq_connect(r, "inproc://x"));
	try(zmq_bind(pair, "inproc://y"));
	try(zmq_connect(b, "inproc://y"));
	zmq_bind(pair, "inproc://x");
}

static void pending_welcome(void)
{
	void *s = sock(ZMQ_SUB), *b = sock(ZMQ_XPUB);
	try(zmq_connect(s, "inproc://x"));
	zmq_close(s);
	ms(100);
	set_text(b, ZMQ_XPUB_WELCOME_MSG, "hi", 2);
	zmq_bind(b, "inproc://x");
}

// Term makes a socket to connect what still waits, and there is no room for it.
static void pending_full(void)
{
	zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, 2);
	for (int i = 0; i < 2; i++) {
		void *s = sock(ZMQ_PULL);
		try(zmq_connect(s, "inproc://x"));
		zmq_close(s);
	}
	zmq_ctx_term(ctx);
}

static void pending_term(void)
{
	limit(15);
	for (int i = 0; i < 3000; i++) {
		ctx = zmq_ctx_new();
		for (int k = 0; k < 4; k++) {
			void *s = sock(ZMQ_PUSH);
			char name[20];
			snprintf(name, sizeof name, "inproc://%d", k % 2);
			try(zmq_connect(s, name));
			zmq_close(s);
		}
		zmq_ctx_term(ctx);
	}
}

static void pending_files(void)
{
	int before;
	sock(ZMQ_PULL);
	before = open_files();
	for (int i = 0; i < 20; i++) {
		void *s = sock(ZMQ_PULL);
		try(zmq_connect(s, "inproc://x"));
		zmq_close(s);
	}
	ms(200);
	if (open_files() > before + 10)
		LEAK("%d file descriptors of 20 closed sockets", open_files() - before);
}

static void rep_mandatory(void)
{
	void *rep = sock(ZMQ_REP), *req = sock(ZMQ_REQ);
	set(rep, ZMQ_ROUTER_MANDATORY, 1);
	try(zmq_bind(rep, "inproc://x"));
	try(zmq_connect(req, "inproc://x"));
	text(req, "x", 0);
	zmq_close(req);
	ms(100);
	take_any(rep);
}

static void stream_inproc(void)
{
	void *s = sock(ZMQ_STREAM), *d = sock(ZMQ_DEALER);
	try(zmq_bind(s, "inproc://x"));
	try(zmq_connect(d, "inproc://x"));
	parts(d, 2, 1);
	take_any(s);
	take_any(s);
	take_any(s);
}

static void dgram_tcp(void)
{
	void *s = sock(ZMQ_DGRAM);
	bind_tcp(s);
	for (int i = 0; i < 2; i++) {
		int fd = dial(endpoint);
		put(fd, "x", 1);
		ms(100);
		zmq_send(s, "127.0.0.1:9", 11, ZMQ_SNDMORE | ZMQ_DONTWAIT);
		zmq_send(s, "", 0, ZMQ_DONTWAIT);
		ms(100);
		take_any(s);
		close(fd);
		ms(100);
		events(s);
	}
}

static void dgram_unbound(void)
{
	void *s = sock(ZMQ_DGRAM);
	zmq_send(s, "127.0.0.1:9", 11, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	zmq_send(s, "x", 1, ZMQ_DONTWAIT);
}

static void udp_large(void)
{
	void *s = sock(ZMQ_DGRAM);
	char *data = calloc(1, 1 << 22);
	try(zmq_bind(s, "udp://127.0.0.1:*"));
	try(zmq_send(s, "127.0.0.1:9", 11, ZMQ_SNDMORE));
	try(zmq_send(s, data, 1 << 22, 0));
	ms(200);
}

static void udp_files(void)
{
	void *s = sock(ZMQ_DGRAM);
	few_files(0);
	zmq_bind(s, "udp://127.0.0.1:*");
	ms(200);
}

static void udp_taken(void)
{
	void *s = sock(ZMQ_DGRAM);
	struct sockaddr_in a = loopback(0);
	socklen_t size = sizeof a;
	char to[64];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bind(fd, (struct sockaddr *) &a, size);
	getsockname(fd, (struct sockaddr *) &a, &size);
	snprintf(to, sizeof to, "udp://127.0.0.1:%d", ntohs(a.sin_port));
	set(s, ZMQ_RECONNECT_IVL, 1);
	try(zmq_bind(s, to));
	busy();
}

// use_fd binds to a descriptor that is no listener.
static void use_fd(int fd, const char *to)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_USE_FD, fd);
	zmq_bind(s, to);
	ms(300);
}

static void use_closed_fd(void) { use_fd(777, "tcp://127.0.0.1:*"); }

static void use_other_fd(void) { use_fd(socket(AF_INET, SOCK_STREAM, 0), "tcp://127.0.0.1:*"); }

static void use_fd_twice(void)
{
	int l = hear();
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_USE_FD, l);
	zmq_bind(s, "tcp://127.0.0.1:*");
	zmq_bind(s, "tcp://127.0.0.1:*");
	ms(300);
}

static void start_policy(void)
{
	zmq_ctx_set(ctx, ZMQ_THREAD_SCHED_POLICY, 99);
	sock(ZMQ_PULL);
	ms(100);
}

static void start_cpu(void)
{
	zmq_ctx_set(ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, 1000);
	sock(ZMQ_PULL);
	ms(100);
}

static void start_nice(void)
{
	nobody();
	zmq_ctx_set(ctx, ZMQ_THREAD_PRIORITY, 10);
	sock(ZMQ_PULL);
	ms(100);
}

static void start_threads(void)
{
	struct rlimit none = {0, 0};
	nobody();
	setrlimit(RLIMIT_NPROC, &none);
	sock(ZMQ_PULL);
	ms(100);
}

static void start_files(void)
{
	for (int n = 40; n >= 0; n--) {
		few_files(n);
		void *c = zmq_ctx_new();
		void *s = zmq_socket(c, ZMQ_PULL);
		if (s)
			zmq_close(s);
		zmq_ctx_term(c);
	}
}

static void bind_files(void)
{
	void *s = sock(ZMQ_PULL);
	few_files(0);
	zmq_bind(s, "tcp://127.0.0.1:*");
}

static void max_sockets(void)
{
	zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, INT32_MAX);
	sock(ZMQ_PULL);
}

static void io_threads(void)
{
	zmq_ctx_set(ctx, ZMQ_IO_THREADS, 1 << 20);
	few_files(100);
	sock(ZMQ_PULL);
}

// epgm connects to a group on loopback with an option, and sends.
static void epgm(int type, int option, int value)
{
	need("pgm");
	void *s = sock(type);
	set(s, option, value);
	zmq_connect(s, "epgm://127.0.0.1;239.192.1.1:5599");
	zmq_send(s, "x", 1, ZMQ_DONTWAIT);
	ms(300);
}

static void pgm_hops(void) { epgm(ZMQ_PUB, ZMQ_MULTICAST_HOPS, 256); }

static void pgm_packet(void) { epgm(ZMQ_SUB, ZMQ_MULTICAST_MAXTPDU, 1); }

static void pgm_rate(void) { epgm(ZMQ_PUB, ZMQ_RATE, 1); }

static void norm_large(void)
{
	need("norm");
	void *s = sock(ZMQ_PUB);
	char data[4000] = "";
	zmq_connect(s, "norm://lo;239.192.1.1:5598");
	zmq_send(s, data, sizeof data, 0);
	ms(300);
	busy();
}

static void keepalive_zero(void)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_TCP_KEEPALIVE, 1);
	set(s, ZMQ_TCP_KEEPALIVE_CNT, 0);
	bind_tcp(s);
	int before = open_files();
	for (int i = 0; i < 10; i++)
		close(dial(endpoint));
	for (int i = 0; i < 100; i++) {
		ms(50);
		if (open_files() >= before + 10)
			LEAK("a file descriptor for each connection");
	}
}

static void *clients(void *to)
{
	for (;;) {
		void *c = zmq_socket(ctx, ZMQ_PUSH);
		if (!c) {
			ms(1);
			continue;
		}
		set(c, ZMQ_LINGER, 0);
		zmq_connect(c, to);
		zmq_send(c, "x", 1, ZMQ_DONTWAIT);
		zmq_close(c);
	}
	return NULL;
}

// A new high-water mark for connections that end.
static void hwm_ending(void)
{
	void *s = sock(ZMQ_PULL);
	pthread_t t[2];
	char data[1];
	zmq_bind(s, "inproc://x");
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, clients, "inproc://x");
	time_t over = time(NULL) + 8;
	for (int i = 1; time(NULL) < over; i++) {
		set(s, ZMQ_RCVHWM, 1 + i % 1000);
		if (i % 20 == 0)
			zmq_recv(s, data, 1, ZMQ_DONTWAIT);
	}
}

// Disconnect overlooks what Connect has just made.
static void disconnect_early(void)
{
	void *s = sock(ZMQ_PULL), *peer = sock(ZMQ_PUSH);
	bind_tcp(peer);
	int before = open_files();
	time_t over = time(NULL) + 8;
	while (time(NULL) < over) {
		for (int i = 0; i < 500; i++) {
			try(zmq_connect(s, endpoint));
			try(zmq_disconnect(s, endpoint));
		}
		for (int i = 0; open_files() > before; i++) {
			if (i == 100)
				LOSE("the order to disconnect");
			ms(10);
			events(s);
			events(peer);
		}
	}
}

static void *steer(void *control)
{
	void *front = sock(ZMQ_PULL), *back = sock(ZMQ_PUSH);
	zmq_bind(front, "inproc://front");
	zmq_bind(back, "inproc://back");
	zmq_proxy_steerable(front, back, NULL, control);
	return NULL;
}

static void proxy_command(void)
{
	void *control = sock(ZMQ_PAIR), *commands = sock(ZMQ_PAIR);
	pthread_t t;
	try(zmq_bind(control, "inproc://control"));
	try(zmq_connect(commands, "inproc://control"));
	pthread_create(&t, NULL, steer, control);
	text(commands, "NONSENSE", 0);
	ms(200);
}

// A socket waits for whoever reads its monitor.
static void monitor_full(void)
{
	void *s = sock(ZMQ_PULL), *m = sock(ZMQ_PAIR);
	set(s, ZMQ_SNDHWM, 1);
	try(zmq_socket_monitor(s, "inproc://monitor", ZMQ_EVENT_ALL));
	set(m, ZMQ_RCVHWM, 1);
	try(zmq_connect(m, "inproc://monitor"));
	limit(3);
	for (int i = 0; i < 3000; i++) {
		bind_tcp(s);
		try(zmq_unbind(s, endpoint));
	}
}

// ipc_path is an endpoint of this process.
static const char *ipc_path(void)
{
	static char path[64];
	snprintf(path, sizeof path, "ipc:///tmp/zmq4-fault-%d", getpid());
	return path;
}

// Term waits for a connection that ended while the queue of its receiver was full.
static void term_full(void)
{
	const char *path = ipc_path();
	char data[1000] = "";
	for (int i = 0; i < 20; i++) {
		void *pull, *push;
		limit(15);
		ctx = zmq_ctx_new();
		pull = sock(ZMQ_PULL), push = sock(ZMQ_PUSH);
		set(pull, ZMQ_LINGER, -1);
		set(pull, ZMQ_RCVHWM, 1);
		try(zmq_bind(pull, path));
		try(zmq_connect(push, path));
		for (int k = 0; k < 500; k++)
			zmq_send(push, data, sizeof data, ZMQ_DONTWAIT);
		ready_for(pull, ZMQ_POLLIN);
		zmq_close(push);
		zmq_close(pull);
		limit(3);
		zmq_ctx_term(ctx);
	}
}

static void priority(void)
{
	need_draft();
	void *s = sock(ZMQ_PUSH);
	set(s, ZMQ_PRIORITY, 7);
	nobody();
	zmq_connect(s, "tcp://127.0.0.1:9");
	ms(200);
}

// The connection of a REQ ends between the empty part of a request and the rest.
static void req_bottom(void)
{
	time_t over = time(NULL) + 8;
	for (int i = 0; time(NULL) < over; i++) {
		void *bad = sock(ZMQ_REP), *good = sock(ZMQ_REP), *req = sock(ZMQ_REQ);
		char data[8], bad_name[32], good_name[32];
		snprintf(bad_name, sizeof bad_name, "inproc://bad%d", i);
		snprintf(good_name, sizeof good_name, "inproc://good%d", i);
		try(zmq_bind(bad, bad_name));
		try(zmq_bind(good, good_name));
		try(zmq_connect(req, bad_name));
		zmq_send(req, "1", 1, 0);
		zmq_recv(bad, data, 1, 0);
		zmq_send(bad, "1", 1, 0);
		zmq_recv(req, data, 1, 0);
		try(zmq_connect(req, good_name));
		zmq_close(bad);
		struct timespec t = {0, 1000L * (i % 300)};
		nanosleep(&t, NULL);
		if (zmq_send(req, "x", 1, ZMQ_DONTWAIT) == -1 && zmq_send(req, "x", 1, ZMQ_DONTWAIT) == 1 && take_any(good) == -1)
			LOSE("a request, in round %d", i);
		zmq_close(req);
		zmq_close(good);
		ms(1);
	}
}

// The peer of a connection that is about to end breaks it, with half a message sent.
static void half_sent_unbind(void)
{
	void *s = sock(ZMQ_PUSH);
	int fd = peer(bind_tcp(s), "PULL");
	ready_for(s, ZMQ_POLLOUT);
	parts(s, 300, 100000);
	ms(100);
	try(zmq_unbind(s, endpoint));
	ms(100);
	reset(fd);
	ms(200);
}

// The same when a linger time is over just then.
static void half_sent_close(void)
{
	time_t over = time(NULL) + 8;
	for (int i = 0; time(NULL) < over; i++) {
		void *s = sock(ZMQ_PUSH);
		int l = hear();
		set(s, ZMQ_LINGER, 5);
		try(zmq_connect(s, endpoint));
		int fd = guest(l, "PULL");
		ready_for(s, ZMQ_POLLOUT);
		parts(s, 100, 100000);
		ms(10);
		zmq_close(s);
		struct timespec t = {0, 4500000 + i % 100 * 10000};
		nanosleep(&t, NULL);
		reset(fd);
		close(l);
	}
}

// The rest of what was sent to a full receiver is lost with its sender.
static void ipc_end(void)
{
	void *pull = sock(ZMQ_PULL), *own = ctx, *push;
	const char *path = ipc_path();
	int n = 0, forever = -1;
	set(pull, ZMQ_RCVHWM, 1);
	try(zmq_bind(pull, path));
	ctx = zmq_ctx_new();
	push = sock(ZMQ_PUSH);
	zmq_setsockopt(push, ZMQ_LINGER, &forever, sizeof forever);
	set(push, ZMQ_SNDHWM, 0);
	try(zmq_connect(push, path));
	ready_for(push, ZMQ_POLLOUT);
	for (int i = 0; i < 1000; i++)
		parts(push, 1, 1000);
	zmq_close(push);
	ms(300);
	while (n < 1000 && take_any(pull) >= 0)
		n++;
	unlink(path + 6);
	(void) own;
	if (n < 1000)
		LOSE("%d of 1000 messages", 1000 - n);
}

static void *chatter(void *s)
{
	zmq_msg_t m;
	for (;;) {
		zmq_msg_init_size(&m, 1);
#if DRAFT
		if (((uintptr_t *) s)[1])
			zmq_msg_set_routing_id(&m, (uint32_t) ((uintptr_t *) s)[1]);
#endif
		if (zmq_msg_send(&m, ((void **) s)[0], ZMQ_DONTWAIT) == -1)
			zmq_msg_close(&m);
		zmq_msg_init(&m);
		zmq_msg_recv(&m, ((void **) s)[0], ZMQ_DONTWAIT);
		zmq_msg_close(&m);
		__atomic_add_fetch(&((uintptr_t *) s)[2], 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

// Two thread-safe sockets tell each other something.
static void thread_safe(void)
{
	need_draft();
#if DRAFT
	void *server = sock(ZMQ_SERVER), *client = sock(ZMQ_CLIENT);
	zmq_msg_t m;
	pthread_t t;
	try(zmq_bind(server, "inproc://x"));
	try(zmq_connect(client, "inproc://x"));
	text(client, "x", 0);
	zmq_msg_init(&m);
	try(zmq_msg_recv(&m, server, 0));
	static uintptr_t a[3], b[3];
	a[0] = (uintptr_t) client;
	b[0] = (uintptr_t) server, b[1] = zmq_msg_routing_id(&m);
	pthread_create(&t, NULL, chatter, a);
	pthread_create(&t, NULL, chatter, b);
	for (int i = 0; i < 40; i++) {
		uintptr_t n = __atomic_load_n(&a[2], __ATOMIC_SEQ_CST);
		ms(200);
		if (__atomic_load_n(&a[2], __ATOMIC_SEQ_CST) == n)
			end(HANGS, "both wait for each other");
	}
#endif
}

// A path that leaves no room for the rest of the request.
static void ws_path(void)
{
	need("WS");
	void *s = sock(ZMQ_PULL), *c = sock(ZMQ_PUSH);
	char to[10000];
	bind_to(s, "ws://127.0.0.1:*");
	strcpy(to, endpoint);
	size_t n = strlen(to);
	memset(to + n, 'x', sizeof to - n);
	to[n] = '/';
	to[sizeof to - 1] = 0;
	try(zmq_connect(c, to));
	ms(200);
}

// ZMQ_EVENTS takes the metadata of the part that it reads.
static void router_metadata(void)
{
	void *s = sock(ZMQ_ROUTER);
	zmq_msg_t m;
	int fd = peer(bind_tcp(s), "DEALER");
	frame(fd, 0, "x", 1);
	ready_for(s, ZMQ_POLLIN);
	zmq_msg_init(&m);
	try(zmq_msg_recv(&m, s, 0));
	if (!zmq_msg_gets(&m, "Peer-Address"))
		LOSE("the metadata of the first part");
}

// A key that is none spoils the one that was set.
static void curve_key(void)
{
	need("curve");
	void *s = sock(ZMQ_PULL);
	unsigned char key[32], after[32];
	size_t size = sizeof after;
	memset(key, 'k', sizeof key);
	set_text(s, ZMQ_CURVE_SECRETKEY, key, sizeof key);
	zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, "0123456789012345678901234567890123456\"89", 41);
	try(zmq_getsockopt(s, ZMQ_CURVE_SECRETKEY, after, &size));
	if (memcmp(key, after, sizeof key) != 0)
		LOSE("the key that was set before");
}

static void plain_empty(void)
{
	void *s = sock(ZMQ_PULL);
	int mechanism;
	size_t size = sizeof mechanism;
	set(s, ZMQ_PLAIN_SERVER, 1);
	zmq_setsockopt(s, ZMQ_PLAIN_PASSWORD, NULL, 0);
	try(zmq_getsockopt(s, ZMQ_MECHANISM, &mechanism, &size));
	if (mechanism != ZMQ_PLAIN)
		LOSE("the mechanism");
}

static void group_twice(void)
{
	need_draft();
#if DRAFT
	char group[200] = "";
	zmq_msg_t m;
	memset(group, 'g', sizeof group - 1);
	long before = resident();
	for (int i = 0; i < 200000; i++) {
		zmq_msg_init(&m);
		zmq_msg_set_group(&m, group);
		zmq_msg_set_group(&m, group);
		zmq_msg_close(&m);
	}
	if (resident() > before + 20)
		LEAK("%ld MiB", resident() - before);
#endif
}

// A subscriber joins a group whose name is too long.
static void radio_join(void)
{
	need_draft();
	void *s = sock(ZMQ_RADIO);
	char join[400] = "\4JOIN";
	int fd = peer(bind_tcp(s), "DISH");
	frame(fd, COMMAND, join, sizeof join);
	ms(200);
}

// pgm without the right to open raw sockets.
static void pgm_user(void)
{
	need("pgm");
	void *s = sock(ZMQ_SUB);
	nobody();
	zmq_connect(s, "pgm://127.0.0.1;239.192.1.1:5599");
	ms(300);
}

static uint16_t pgm_sum(const unsigned char *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t) p[i] << 8 | p[i + 1];
	if (n % 2)
		sum += (uint32_t) p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~sum;
}

// A packet whose first message is said to begin behind its end.
static void pgm_offset(void)
{
	need("pgm");
	void *s = sock(ZMQ_SUB);
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct in_addr lo = {htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	// Ports, type ODATA, options, checksum, global source id, size; sequence number, trail; data.
	unsigned char p[28] = {0x15, 0xdf, 0x15, 0xdf, 4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 4,
			       0, 0, 0, 1, 0, 0, 0, 1, 0x12, 0x34, 'x', 'x'};
	set_text(s, ZMQ_SUBSCRIBE, "", 0);
	if (zmq_connect(s, "epgm://127.0.0.1;239.192.1.1:5599") == -1)
		SKIP("no multicast here: %s", zmq_strerror(zmq_errno()));
	ms(300);
	a.sin_port = htons(5599);
	inet_aton("239.192.1.1", &a.sin_addr);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo);
	p[0] = p[2] = 5599 >> 8;
	p[1] = p[3] = 5599 & 255;
	for (int i = 0; i < 5; i++) {
		p[19] = (unsigned char) (i + 1);
		p[6] = p[7] = 0;
		uint16_t sum = pgm_sum(p, sizeof p);
		p[6] = (unsigned char) (sum >> 8);
		p[7] = (unsigned char) sum;
		sendto(fd, p, sizeof p, 0, (struct sockaddr *) &a, sizeof a);
		ms(50);
	}
	ms(300);
}

// The program closes the descriptor of ZMQ_FD.
static void close_fd(void)
{
	void *s = sock(ZMQ_PULL);
	int fd;
	size_t size = sizeof fd;
	try(zmq_getsockopt(s, ZMQ_FD, &fd, &size));
	close(fd);
	events(s);
	bind_tcp(s);
	zmq_close(s);
	zmq_ctx_term(ctx);
}

static void *flood(void *fd)
{
	unsigned char b[30000];
	for (size_t i = 0; i < sizeof b; i += 3)
		put_frame(b + i, 0, "y", 1);
	for (;;)
		put((int) (intptr_t) fd, b, sizeof b);
	return NULL;
}

// A publisher that sends what was not subscribed to.
static void not_subscribed(void)
{
	zmq_ctx_set(ctx, ZMQ_IO_THREADS, 4);
	void *s = sock(ZMQ_SUB);
	pthread_t t;
	set(s, ZMQ_RCVHWM, 0);
	set_text(s, ZMQ_SUBSCRIBE, "x", 1);
	for (intptr_t i = 0; i < 4; i++) {
		int l = hear();
		try(zmq_connect(s, endpoint));
		pthread_create(&t, NULL, flood, (void *) (intptr_t) guest(l, "PUB"));
	}
	limit(3);
	for (int i = 0; i < 20; i++) {
		events(s);
		ms(100);
		limit(3);
	}
}

// A heartbeat ends a connection because its answer is not read, for the pipe is
// full. The new connection is told to go on, but had not stopped.
static void heartbeat_slow(void)
{
	void *s = sock(ZMQ_PULL);
	int l = hear();
	set(s, ZMQ_RCVHWM, 2);
	set(s, ZMQ_HEARTBEAT_IVL, 100);
	set(s, ZMQ_RECONNECT_IVL, 10);
	try(zmq_connect(s, endpoint));
	int fd = guest(l, "PUSH");
	for (int i = 0; i < 6; i++)
		frame(fd, 0, "x", 1);
	fd = guest(l, "PUSH");
	ms(50);
	for (int i = 0; i < 6; i++)
		take_any(s);
	ms(100);
}

// A connection that breaks takes with it what is half received, if it was made with ZMQ_IMMEDIATE.
static void immediate_half(void)
{
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_IMMEDIATE, 1);
	rest_lost(s, reset);
}

// The same, when the option is not set any more.
static void immediate_off(void)
{
	void *s = sock(ZMQ_DEALER);
	set(s, ZMQ_IMMEDIATE, 1);
	int fd = call(s, "DEALER");
	ms(50);
	set(s, ZMQ_IMMEDIATE, 0);
	reset(fd);
	ms(100);
	events(s);
}

// What a ZAP handler says of a client fills a queue for one message.
static void user_id_hwm(void)
{
	void *s = sock(ZMQ_PULL), *zap = zap_handler(ZMQ_ROUTER, s);
	char id[256];
	set(s, ZMQ_RCVHWM, 1);
	int fd = dial(bind_tcp(s));
	greet(fd);
	zap_reply(zap, id, zap_request(zap, id), "user");
	ready(fd, "PUSH", NULL);
	frame(fd, 0, "x", 1);
	if (take_any(s) == -1)
		LOSE("all messages");
}

// A decoder whose buffer is shorter than a header takes the header for a part of it.
static void small_batch(void)
{
	need_draft();
#if DRAFT
	char big[4096] = {0};
	void *s = sock(ZMQ_PULL);
	set(s, ZMQ_IN_BATCH_SIZE, 1);
	bind_tcp(s);
	for (int i = 0; i < 20; i++) {
		int fd = peer(endpoint, "PUSH");
		frame(fd, 0, big, sizeof big);
		frame(fd, 0, "x", 1);
		ms(5);
		while (take_any(s) >= 0)
			;
		close(fd);
	}
#endif
}

// A connection breaks whose pipe the socket has ended, and is to report that.
static void disconnect_message(void)
{
	need_draft();
#if DRAFT
	void *s = sock(ZMQ_ROUTER);
	set(s, ZMQ_ROUTER_HANDOVER, 1);
	set_text(s, ZMQ_DISCONNECT_MSG, "bye", 3);
	bind_tcp(s);
	void *twins[2];
	for (int i = 0; i < 2; i++) {
		twins[i] = sock(ZMQ_DEALER);
		set_text(twins[i], ZMQ_ROUTING_ID, "twin", 4);
		try(zmq_connect(twins[i], endpoint));
		text(twins[i], "x", 0);
		ready_for(s, ZMQ_POLLIN);
		if (i == 0) {
			take_any(s);
			take_any(s);
		}
	}
	ms(100);
	zmq_close(twins[0]);
	ms(200);
#endif
}

// A PUB that was told to keep subscriptions for a receive, which it cannot do.
static void pub_manual(void)
{
	void *s = sock(ZMQ_PUB);
	unsigned char sub[501] = {1}, b[600];
	set(s, ZMQ_XPUB_MANUAL, 1);
	int fd = peer(bind_tcp(s), "SUB");
	long before = resident();
	for (int i = 0; i < 10000; i++) {
		sub[0] = i % 2 == 0;
		put(fd, b, put_frame(b, 0, sub, sizeof sub));
		if (i % 100 == 0)
			events(s);
	}
	grows(s, before, 4, "one topic, again and again");
}

// A heartbeat for a client of ws that has no security mechanism, not even NULL.
static void ws_heartbeat(void)
{
	need("WS");
	static const char hello[] = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
				    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
				    "Sec-WebSocket-Protocol: ZWS2.0\r\nSec-WebSocket-Version: 13\r\n\r\n";
	void *s = sock(ZMQ_PULL);
	char *path;
	set(s, ZMQ_HEARTBEAT_IVL, 100);
	bind_to(s, "ws://127.0.0.1:*");
	path = strchr(endpoint + 5, '/');
	if (path)
		*path = 0;
	int fd = dial(endpoint);
	put(fd, hello, sizeof hello - 1);
	ms(500);
}

// A type of the draft API, in a libzmq without it.
static void draft_type(void)
{
	if (DRAFT)
		SKIP("this libzmq has the draft API");
	void *s = zmq_socket(ctx, ZMQ_SERVER);
	if (s)
		greet(dial(bind_tcp(s)));
	ms(200);
}

// A listener of wss without a certificate.
static void wss_bare(void)
{
	need("WSS");
	zmq_bind(sock(ZMQ_PULL), "wss://127.0.0.1:*");
	ms(200);
}

// held_up waits in an I/O thread, which frees what was sent.
static void held_up(void *data, void *freed)
{
	__atomic_store_n((int *) freed, 1, __ATOMIC_SEQ_CST);
	ms(500);
	free(data);
}

// The I/O thread is told that a socket was closed between two steps of the end of a connection.
static void close_breaking(void)
{
	void *s = sock(ZMQ_PUSH);
	static int freed;
	const size_t size = 64 << 20;
	zmq_msg_t m;
	set(s, ZMQ_LINGER, -1);
	int fd = peer(bind_tcp(s), "PULL");
	ready_for(s, ZMQ_POLLOUT);
	zmq_msg_init_data(&m, calloc(1, size), size, held_up, &freed);
	try(zmq_msg_send(&m, s, 0));
	text(s, "x", 0);
	ms(100);
	reset(fd);
	while (!__atomic_load_n(&freed, __ATOMIC_SEQ_CST))
		ms(1);
	set(s, ZMQ_LINGER, 0);
	zmq_close(s);
	limit(3);
	zmq_ctx_term(ctx);
}

// One of three peers ends while a message is half sent to another one.
static void half_sent_other(void)
{
	void *push = sock(ZMQ_PUSH), *pull[3];
	char data[16];
	try(zmq_bind(push, "inproc://x"));
	for (int i = 0; i < 3; i++)
		try(zmq_connect(pull[i] = sock(ZMQ_PULL), "inproc://x"));
	text(push, "1", 0);
	text(push, "2", 0);
	text(push, "head", ZMQ_SNDMORE);
	zmq_close(pull[1]);
	for (int i = 0; i < 20; i++) {
		events(push);
		ms(10);
	}
	text(push, "tail", 0);
	take_any(pull[0]);
	if (take(pull[0], data, sizeof data) == 4 && memcmp(data, "tail", 4) == 0)
		LOSE("the first part: it went to another peer");
}

// The peer of a half-sent message goes away.
static void half_sent_gone(void)
{
	void *push = sock(ZMQ_PUSH);
	const size_t size = 1 << 20;
	char *data = calloc(1, size);
	try(zmq_bind(push, "inproc://x"));
	long before = resident();
	for (int i = 0; i < 50; i++) {
		void *pull = sock(ZMQ_PULL);
		try(zmq_connect(pull, "inproc://x"));
		try(zmq_send(push, data, size, ZMQ_SNDMORE));
		zmq_close(pull);
		for (int k = 0; k < 100 && events(push) & ZMQ_POLLOUT; k++)
			ms(1);
		zmq_send(push, "", 0, ZMQ_DONTWAIT);
	}
	if (resident() > before + 30)
		LEAK("%ld MiB by 50 messages of 1 MiB", resident() - before);
}

// A subscription over ws with CURVE.
static void ws_curve(void)
{
	need("WS");
	need("curve");
	void *pub = sock(ZMQ_XPUB), *sub = sock(ZMQ_SUB);
	char public[41], secret[41];
	try(zmq_curve_keypair(public, secret));
	set(pub, ZMQ_CURVE_SERVER, 1);
	set_text(pub, ZMQ_CURVE_SECRETKEY, secret, 41);
	set_text(sub, ZMQ_CURVE_SERVERKEY, public, 41);
	set_text(sub, ZMQ_CURVE_PUBLICKEY, public, 41);
	set_text(sub, ZMQ_CURVE_SECRETKEY, secret, 41);
	set_text(sub, ZMQ_SUBSCRIBE, "a", 1);
	try(zmq_connect(sub, bind_to(pub, "ws://127.0.0.1:*")));
	if (take_any(pub) != 2)
		LOSE("a subscription");
}

// A thread-safe socket is closed, and each receive of its peer tells it of more room.
static void thread_safe_close(void)
{
	need_draft();
	time_t over = time(NULL) + 8;
	for (int i = 0; time(NULL) < over; i++) {
		void *server = sock(ZMQ_SERVER), *client = sock(ZMQ_CLIENT);
		char name[32], data[1];
		snprintf(name, sizeof name, "inproc://%d", i);
		set(server, ZMQ_RCVHWM, 1);
		set(client, ZMQ_SNDHWM, 1);
		set(client, ZMQ_LINGER, -1);
		try(zmq_bind(server, name));
		for (int k = 0; k < 50; k++)
			try(zmq_connect(client, name));
		while (zmq_send(client, "x", 1, ZMQ_DONTWAIT) == 1)
			;
		zmq_close(client);
		limit(3);
		for (int k = 0; k < 1000; k++)
			zmq_recv(server, data, 1, ZMQ_DONTWAIT);
		zmq_close(server);
		limit(20);
	}
}

static struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"ping-after-hwm", ping_after_hwm},
	{"heartbeat-after-hwm", heartbeat_after_hwm},
	{"v2-unbind", v2_unbind},
	{"v1-unbind", v1_unbind},
	{"reconnect-off", reconnect_off},
	{"reconnect-off-events", reconnect_off_events},
	{"reconnect-off-unread", reconnect_off_unread},
	{"hiccup-close", hiccup_close},
	{"ping-short", ping_short},
	{"protocol-stop", protocol_stop},
	{"linger-connect", linger_connect},
	{"rid-taken", rid_taken},
	{"rid-connect", rid_connect},
	{"rid-twice", rid_twice},
	{"rep-malformed", rep_malformed},
	{"xpub-manual-gone", xpub_manual_gone},
	{"v2-handshake", v2_handshake},
	{"filter-length", filter_length},
	{"filters-beyond-hwm", filters_beyond_hwm},
	{"trie-unsubscribe", trie_unsubscribe},
	{"trie-close", trie_close},
	{"trie-proxy", trie_proxy},
	{"endless-parts", endless_parts},
	{"endless-filters", endless_filters},
	{"conflate-parts", conflate_parts},
	{"socks-refused", socks_refused},
	{"socks-host", socks_host},
	{"zap-enforce", zap_enforce},
	{"zap-type", zap_type},
	{"zap-late", zap_late},
	{"accept-spin", accept_spin},
	{"udp-group", udp_group},
	{"disconnect-prefetched", disconnect_prefetched},
	{"disconnect-half", disconnect_half},
	{"rep-raw", rep_raw},
	{"raw-off", raw_off},
	{"pending-filters", pending_filters},
	{"pending-router", pending_router},
	{"pending-conflate", pending_conflate},
	{"pending-conflate-close", pending_conflate_close},
	{"pending-pair", pending_pair},
	{"pending-welcome", pending_welcome},
	{"pending-full", pending_full},
	{"pending-term", pending_term},
	{"pending-files", pending_files},
	{"rep-mandatory", rep_mandatory},
	{"stream-inproc", stream_inproc},
	{"dgram-tcp", dgram_tcp},
	{"dgram-unbound", dgram_unbound},
	{"udp-large", udp_large},
	{"udp-files", udp_files},
	{"udp-taken", udp_taken},
	{"use-closed-fd", use_closed_fd},
	{"use-other-fd", use_other_fd},
	{"use-fd-twice", use_fd_twice},
	{"start-policy", start_policy},
	{"start-cpu", start_cpu},
	{"start-nice", start_nice},
	{"start-threads", start_threads},
	{"start-files", start_files},
	{"bind-files", bind_files},
	{"max-sockets", max_sockets},
	{"io-threads", io_threads},
	{"pgm-hops", pgm_hops},
	{"pgm-packet", pgm_packet},
	{"pgm-rate", pgm_rate},
	{"norm-large", norm_large},
	{"keepalive-zero", keepalive_zero},
	{"hwm-ending", hwm_ending},
	{"disconnect-early", disconnect_early},
	{"proxy-command", proxy_command},
	{"monitor-full", monitor_full},
	{"term-full", term_full},
	{"priority", priority},
	{"req-bottom", req_bottom},
	{"half-sent-unbind", half_sent_unbind},
	{"half-sent-close", half_sent_close},
	{"ipc-end", ipc_end},
	{"thread-safe", thread_safe},
	{"ws-path", ws_path},
	{"router-metadata", router_metadata},
	{"curve-key", curve_key},
	{"plain-empty", plain_empty},
	{"group-twice", group_twice},
	{"radio-join", radio_join},
	{"pgm-user", pgm_user},
	{"pgm-offset", pgm_offset},
	{"close-fd", close_fd},
	{"not-subscribed", not_subscribed},
	{"heartbeat-slow", heartbeat_slow},
	{"immediate-half", immediate_half},
	{"immediate-off", immediate_off},
	{"user-id-hwm", user_id_hwm},
	{"small-batch", small_batch},
	{"disconnect-message", disconnect_message},
	{"pub-manual", pub_manual},
	{"ws-heartbeat", ws_heartbeat},
	{"draft-type", draft_type},
	{"wss-bare", wss_bare},
	{"close-breaking", close_breaking},
	{"half-sent-other", half_sent_other},
	{"half-sent-gone", half_sent_gone},
	{"ws-curve", ws_curve},
	{"thread-safe-close", thread_safe_close},
};

int main(int argc, char **argv)
{
	int n = sizeof cases / sizeof *cases, major, minor, patch;
	if (argc < 2) {
		zmq_version(&major, &minor, &patch);
		printf("%d.%d.%d%s\n", major, minor, patch, DRAFT ? "-drafts" : "");
		for (int i = 0; i < n; i++)
			puts(cases[i].name);
		return 0;
	}
	for (int i = 0; i < n; i++)
		if (strcmp(argv[1], cases[i].name) == 0) {
			ctx = zmq_ctx_new();
			struct rlimit no_core = {0, 0};
			setrlimit(RLIMIT_CORE, &no_core);
			limit(20);
			cases[i].run();
			end(GONE, "no fault");
		}
	end(FAILED, "no case %s", argv[1]);
}
