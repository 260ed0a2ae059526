// SPDX-License-Identifier: BSD-2-Clause

//go:build ignore

// One side of an exchange of messages, over plain libzmq:
//
//	peer TYPE bind|connect ENDPOINT ROLE COUNT [SECURITY...]
//
// prints "endpoint ..." when it is ready and, once stdin is closed, "ok" when
// all is done. What is exchanged, and what each ROLE does, is in message.go and
// play.go; refused waits until the server refuses this client. For STREAM, COUNT
// is a number of bytes. SECURITY is one of
//
//	plain-client USER PASSWORD
//	plain-server USER PASSWORD
//	curve-client SERVERKEY PUBLICKEY SECRETKEY
//	curve-server SECRETKEY CLIENTKEY
//
// where a server lets in that one client, by ZAP.

#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum {
	LIMIT = 60,     // seconds until the program is ended, whatever it does
	WAIT = 20000,   // milliseconds for one call
	WINDOW = 64,    // requests that are on their way
	MAX_PARTS = 16,
	HEADER = 13,    // size of a message's first part
	MIB = 1 << 20,
};

static void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("peer: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(1);
}

// try ends the program if what libzmq returned is an error.
static int try(int rc, const char *what, long i)
{
	if (rc < 0)
		die("%s, message %ld: %s", what, i, zmq_strerror(zmq_errno()));
	return rc;
}

// --- messages ---

typedef struct {
	int n;
	zmq_msg_t part[MAX_PARTS];
} message;

static void recv_message(void *s, message *m, long i)
{
	m->n = 0;
	do {
		if (m->n == MAX_PARTS)
			die("message %ld has too many parts", i);
		zmq_msg_init(&m->part[m->n]);
		try(zmq_msg_recv(&m->part[m->n], s, 0), "receive", i);
	} while (zmq_msg_more(&m->part[m->n++]));
}

static void send_message(void *s, message *m, long i)
{
	for (int k = 0; k < m->n; k++)
		try(zmq_msg_send(&m->part[k], s, k + 1 < m->n ? ZMQ_SNDMORE : 0), "send", i);
}

static void close_message(message *m)
{
	for (int k = 0; k < m->n; k++)
		zmq_msg_close(&m->part[k]);
}

static uint32_t crc_table[256];
static uint8_t pattern[256 + MIB];

static void init_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
		crc_table[i] = c;
	}
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (uint8_t)i;
}

static uint32_t crc_update(uint32_t c, const uint8_t *p, size_t n)
{
	while (n-- > 0)
		c = crc_table[(c ^ *p++) & 255] ^ (c >> 8);
	return c;
}

static void put(uint8_t *p, uint64_t value, int n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t get(const uint8_t *p, int n)
{
	uint64_t value = 0;
	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

static size_t part_size(long i, int k)
{
	static const size_t large[12] = {0, 1, 33, 34, 255, 256, 257, 8191, 8192, 8193, 65536, MIB};
	static const size_t small[6] = {0, 1, 7, 20, 33, 34};
	return i % 10000 < 12 ? large[(i + 5 * k) % 12] : small[(i + 5 * k) % 6];
}

static uint32_t checksum(message *m, int first)
{
	uint32_t c = 0xFFFFFFFFu;
	for (int k = first; k < m->n; k++) {
		uint8_t size[4];
		put(size, zmq_msg_size(&m->part[k]), 4);
		c = crc_update(c, size, 4);
		c = crc_update(c, zmq_msg_data(&m->part[k]), zmq_msg_size(&m->part[k]));
	}
	return ~c;
}

// make_message makes message i. That a part refers to the static pattern must
// not matter: it is given to libzmq as it is, without a copy.
static void make_message(message *m, long i)
{
	m->n = 1 + i % 4;
	for (int k = 1; k < m->n; k++)
		zmq_msg_init_data(&m->part[k], pattern + (i + 7 * (k - 1)) % 256, part_size(i, k - 1), NULL, NULL);
	zmq_msg_init_size(&m->part[0], HEADER);
	uint8_t *p = zmq_msg_data(&m->part[0]);
	p[0] = 'm';
	put(p + 1, (uint64_t)i, 8);
	put(p + 9, checksum(m, 1), 4);
}

// check_message checks that what begins at part first is message i.
static void check_message(message *m, int first, long i)
{
	int n = m->n - first;
	if (n != 1 + i % 4)
		die("message %ld has %d parts", i, n);
	const uint8_t *p = zmq_msg_data(&m->part[first]);
	if (zmq_msg_size(&m->part[first]) != HEADER || p[0] != 'm')
		die("message %ld has a bad header", i);
	if ((long)get(p + 1, 8) != i)
		die("message %ld came instead of %ld", (long)get(p + 1, 8), i);
	for (int k = 0; k + 1 < n; k++)
		if (zmq_msg_size(&m->part[first + 1 + k]) != part_size(i, k))
			die("message %ld, part %d has %zu bytes", i, k, zmq_msg_size(&m->part[first + 1 + k]));
	if (get(p + 9, 4) != checksum(m, first + 1))
		die("message %ld has a bad checksum", i);
}

// --- roles ---

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

static void role_echo(void *s, int type, long count)
{
	for (long i = 0; i < count;) {
		message m;
		recv_message(s, &m, i);
		if (type == ZMQ_STREAM) {
			i += zmq_msg_size(&m.part[1]);
			if (zmq_msg_size(&m.part[1]) == 0) { // connected or disconnected
				close_message(&m);
				continue;
			}
		} else {
			i++;
		}
		send_message(s, &m, i);
	}
}

static void role_request(void *s, int type, long count)
{
	message m;
	long sent = 0;
	for (long i = 0; i < count; i++) {
		for (; sent < count && sent < i + (type == ZMQ_REQ ? 1 : WINDOW); sent++) {
			make_message(&m, sent);
			send_message(s, &m, sent);
		}
		recv_message(s, &m, i);
		check_message(&m, 0, i);
		close_message(&m);
	}
}

static void role_send(void *s, int type, long count)
{
	message m;
	if (type == ZMQ_XPUB) {
		recv_message(s, &m, -1);
		if (m.n != 1 || zmq_msg_size(&m.part[0]) != 2 || memcmp(zmq_msg_data(&m.part[0]), "\1m", 2) != 0)
			die("not a subscription");
		close_message(&m);
	}
	if (type == ZMQ_PUB) {
		// Until the other side says, on stdin, that it gets what is published.
		struct pollfd in = {.fd = 0, .events = POLLIN};
		char c;
		do
			try(zmq_send(s, "m", 1, 0), "send", -1);
		while (poll(&in, 1, 1) == 0);
		if (read(0, &c, 1) != 1)
			die("nobody has subscribed");
	}
	for (long i = 0; i < count; i++) {
		if ((type == ZMQ_PUB || type == ZMQ_XPUB) && i % 100 == 0)
			try(zmq_send(s, "not subscribed", 14, 0), "send", i);
		make_message(&m, i);
		send_message(s, &m, i);
	}
}

static void role_recv(void *s, int type, long count)
{
	int synced = 0;
	for (long i = 0; i < count;) {
		message m;
		recv_message(s, &m, i);
		if (m.n == 1 && zmq_msg_size(&m.part[0]) == 1) {
			if (!synced++)
				say("synced");
		} else {
			check_message(&m, type == ZMQ_ROUTER, i);
			i++;
		}
		close_message(&m);
	}
}

// monitor_handshakes is called before the client connects.
static void *monitor_handshakes(void *ctx, void *s)
{
#ifdef ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
	void *monitor = zmq_socket(ctx, ZMQ_PAIR);
	int wait = WAIT;
	try(zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait, sizeof wait), "option", ZMQ_RCVTIMEO);
	try(zmq_socket_monitor(s, "inproc://monitor", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED),
	    "monitor", 0);
	try(zmq_connect(monitor, "inproc://monitor"), "monitor", 0);
	return monitor;
#else
	(void)ctx, (void)s, die("this libzmq is too old to tell");
	return NULL;
#endif
}

// role_refused waits until the other side has refused the client.
static void role_refused(void *monitor)
{
	message m;
	uint16_t event;
	uint32_t status;
	recv_message(monitor, &m, 0);
	memcpy(&event, zmq_msg_data(&m.part[0]), 2);
	memcpy(&status, (char *)zmq_msg_data(&m.part[0]) + 2, 4);
	if (status != 400)
		die("not refused: event %#x, status %u", event, status);
	close_message(&m);
	zmq_close(monitor);
}

// --- security ---

typedef struct {
	void *socket;
	const char *mechanism;
	int ncredentials;
	char credentials[2][256];
	size_t sizes[2];
} zap;

static void zap_serve(void *arg)
{
	zap *z = arg;
	message m;
	for (;;) {
		// Until the context is terminated.
		zmq_msg_init(&m.part[0]);
		if (zmq_msg_recv(&m.part[0], z->socket, 0) < 0) {
			zmq_close(z->socket);
			return;
		}
		for (m.n = 1; zmq_msg_more(&m.part[m.n - 1]) && m.n < MAX_PARTS; m.n++) {
			zmq_msg_init(&m.part[m.n]);
			try(zmq_msg_recv(&m.part[m.n], z->socket, 0), "ZAP request", m.n);
		}
		// version, request id, domain, address, identity, mechanism, credentials
		int ok = m.n == 6 + z->ncredentials && zmq_msg_size(&m.part[2]) == 4 &&
			 memcmp(zmq_msg_data(&m.part[2]), "peer", 4) == 0 &&
			 zmq_msg_size(&m.part[5]) == strlen(z->mechanism) &&
			 memcmp(zmq_msg_data(&m.part[5]), z->mechanism, strlen(z->mechanism)) == 0;
		for (int k = 0; ok && k < z->ncredentials; k++)
			ok = zmq_msg_size(&m.part[6 + k]) == z->sizes[k] &&
			     memcmp(zmq_msg_data(&m.part[6 + k]), z->credentials[k], z->sizes[k]) == 0;
		zmq_send(z->socket, "1.0", 3, ZMQ_SNDMORE);
		zmq_send(z->socket, zmq_msg_data(&m.part[1]), zmq_msg_size(&m.part[1]), ZMQ_SNDMORE);
		zmq_send(z->socket, ok ? "200" : "400", 3, ZMQ_SNDMORE);
		zmq_send(z->socket, "", 0, ZMQ_SNDMORE);
		zmq_send(z->socket, "", 0, ZMQ_SNDMORE);
		zmq_send(z->socket, "", 0, 0);
		close_message(&m);
	}
}

static void set_string(void *s, int option, const char *value)
{
	try(zmq_setsockopt(s, option, value, strlen(value)), "option", option);
}

static void set_int(void *s, int option, int value)
{
	try(zmq_setsockopt(s, option, &value, sizeof value), "option", option);
}

// secure returns the thread of the ZAP handler, if there is one.
static void *secure(void *ctx, void *s, int argc, char **argv)
{
	static zap z;
	if (argc == 0)
		return NULL;
	if (argc == 3 && strcmp(argv[0], "plain-client") == 0) {
		set_string(s, ZMQ_PLAIN_USERNAME, argv[1]);
		set_string(s, ZMQ_PLAIN_PASSWORD, argv[2]);
		return NULL;
	}
	if (argc == 4 && strcmp(argv[0], "curve-client") == 0) {
		set_string(s, ZMQ_CURVE_SERVERKEY, argv[1]);
		set_string(s, ZMQ_CURVE_PUBLICKEY, argv[2]);
		set_string(s, ZMQ_CURVE_SECRETKEY, argv[3]);
		return NULL;
	}
	if (argc == 3 && strcmp(argv[0], "plain-server") == 0) {
		set_int(s, ZMQ_PLAIN_SERVER, 1);
		z.mechanism = "PLAIN";
		z.ncredentials = 2;
		for (int k = 0; k < 2; k++) {
			z.sizes[k] = strlen(argv[1 + k]);
			if (z.sizes[k] >= sizeof z.credentials[k])
				die("too long: %s", argv[1 + k]);
			memcpy(z.credentials[k], argv[1 + k], z.sizes[k]);
		}
	} else if (argc == 3 && strcmp(argv[0], "curve-server") == 0) {
		set_int(s, ZMQ_CURVE_SERVER, 1);
		set_string(s, ZMQ_CURVE_SECRETKEY, argv[1]);
		z.mechanism = "CURVE";
		z.ncredentials = 1;
		z.sizes[0] = 32;
		if (strlen(argv[2]) != 40 || !zmq_z85_decode((uint8_t *)z.credentials[0], argv[2]))
			die("not a key: %s", argv[2]);
	} else {
		die("unknown security: %s", argv[0]);
	}
	set_string(s, ZMQ_ZAP_DOMAIN, "peer");
	z.socket = zmq_socket(ctx, ZMQ_REP);
	try(zmq_bind(z.socket, "inproc://zeromq.zap.01"), "ZAP", 0);
	return zmq_threadstart(zap_serve, &z);
}

// --- the program ---

static int type_of(const char *name)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{"REQ", ZMQ_REQ},   {"REP", ZMQ_REP},	  {"DEALER", ZMQ_DEALER}, {"ROUTER", ZMQ_ROUTER},
		{"PUB", ZMQ_PUB},   {"SUB", ZMQ_SUB},	  {"XPUB", ZMQ_XPUB},	  {"XSUB", ZMQ_XSUB},
		{"PUSH", ZMQ_PUSH}, {"PULL", ZMQ_PULL},	  {"PAIR", ZMQ_PAIR},	  {"STREAM", ZMQ_STREAM},
	};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(name, types[i].name) == 0)
			return types[i].type;
	die("unknown type: %s", name);
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		die("usage: peer TYPE bind|connect ENDPOINT ROLE COUNT [SECURITY...]");
	alarm(LIMIT);
	init_tables();
	int type = type_of(argv[1]);
	const char *role = argv[4];
	long count = atol(argv[5]);
	char endpoint[512];
	size_t size = sizeof endpoint;

	void *ctx = zmq_ctx_new();
	void *s = zmq_socket(ctx, type);
	set_int(s, ZMQ_RCVTIMEO, WAIT);
	set_int(s, ZMQ_SNDTIMEO, WAIT);
	if (type == ZMQ_SUB)
		set_string(s, ZMQ_SUBSCRIBE, "m");
	if (type == ZMQ_PUB || type == ZMQ_XPUB || type == ZMQ_SUB || type == ZMQ_XSUB) {
		set_int(s, ZMQ_SNDHWM, 0); // not to lose messages
		set_int(s, ZMQ_RCVHWM, 0);
	}
	void *monitor = strcmp(role, "refused") == 0 ? monitor_handshakes(ctx, s) : NULL;
	void *handler = secure(ctx, s, argc - 6, argv + 6);
	if (strcmp(argv[2], "bind") == 0)
		try(zmq_bind(s, argv[3]), "bind", 0);
	else
		try(zmq_connect(s, argv[3]), "connect", 0);
	if (type == ZMQ_XSUB)
		try(zmq_send(s, "\1m", 2, 0), "subscribe", 0);
	try(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size), "endpoint", 0);
	printf("endpoint %s\n", endpoint);
	fflush(stdout);

	if (strcmp(role, "echo") == 0)
		role_echo(s, type, count);
	else if (strcmp(role, "request") == 0)
		role_request(s, type, count);
	else if (strcmp(role, "send") == 0)
		role_send(s, type, count);
	else if (strcmp(role, "recv") == 0)
		role_recv(s, type, count);
	else if (strcmp(role, "refused") == 0)
		role_refused(monitor);
	else
		die("unknown role: %s", role);

	// libzmq 4.3.4 loses what a receiver has not read yet from an ipc
	// connection, if it is at its high-water mark when the sender closes. So
	// stay until the other side has got everything, and closes stdin.
	char c;
	while (read(0, &c, 1) > 0)
		;
	zmq_close(s);
	zmq_ctx_term(ctx); // delivers what was sent
	if (handler != NULL)
		zmq_threadclose(handler);
	say("ok");
	return 0;
}
