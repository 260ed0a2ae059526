// SPDX-License-Identifier: BSD-2-Clause

//go:build ignore

// What the cases share. See faults.c.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#ifdef ZMQ_BUILD_DRAFT_API
#define DRAFT 1
#else
#define DRAFT 0
#define ZMQ_SERVER 12
#define ZMQ_CLIENT 13
#define ZMQ_RADIO 14
#define ZMQ_DISH 15
#define ZMQ_DGRAM 18
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#define ZMQ_METADATA 95
#define ZMQ_SOCKS_USERNAME 99
#define ZMQ_PRIORITY 112
#endif

// How a case ends, if it is not by a signal.
enum { GONE = 0, FAILED = 1, LOSES = 3, LEAKS = 4, HANGS = 5, SPINS = 6, SKIPPED = 77 };

static void end(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	_exit(code);
}

#define LOSE(...) end(LOSES, __VA_ARGS__)
#define LEAK(...) end(LEAKS, __VA_ARGS__)
#define SPIN(...) end(SPINS, __VA_ARGS__)
#define SKIP(...) end(SKIPPED, __VA_ARGS__)

// try ends the program if a call that should work does not.
#define try(call) try_at(call, #call, __LINE__)

static inline int try_at(int rc, const char *what, int line)
{
	if (rc == -1)
		end(FAILED, "line %d: %s: %s", line, what, zmq_strerror(zmq_errno()));
	return rc;
}

static inline void ms(int n)
{
	struct timespec t = {n / 1000, n % 1000 * 1000000L};
	nanosleep(&t, NULL);
}

// limit says how many seconds what follows may take: if it takes longer, it hangs.
static inline void late(int signal)
{
	(void) signal;
	static const char text[] = "does not return\n";
	if (write(1, text, sizeof text - 1) < 0)
		_exit(FAILED);
	_exit(HANGS);
}

static inline void limit(int seconds)
{
	signal(SIGALRM, late);
	alarm((unsigned) seconds);
}

// --- libzmq ---

static void *ctx;

static inline void *sock(int type)
{
	void *s = zmq_socket(ctx, type);
	int zero = 0;
	if (!s)
		end(FAILED, "socket of type %d: %s", type, zmq_strerror(zmq_errno()));
	zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
	return s;
}

static inline void set(void *s, int option, int value)
{
	if (zmq_setsockopt(s, option, &value, sizeof value) == -1)
		end(FAILED, "option %d: %s", option, zmq_strerror(zmq_errno()));
}

static inline void set_text(void *s, int option, const void *value, size_t size)
{
	if (zmq_setsockopt(s, option, value, size) == -1)
		end(FAILED, "option %d: %s", option, zmq_strerror(zmq_errno()));
}

static inline int events(void *s)
{
	int ev = 0;
	size_t size = sizeof ev;
	zmq_getsockopt(s, ZMQ_EVENTS, &ev, &size);
	return ev;
}

static char endpoint[8192];

static inline const char *bind_to(void *s, const char *to)
{
	size_t size = sizeof endpoint;
	try(zmq_bind(s, to));
	try(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size));
	return endpoint;
}

static inline const char *bind_tcp(void *s) { return bind_to(s, "tcp://127.0.0.1:*"); }

// parts sends a message of n parts of some size.
static inline void parts(void *s, int n, size_t size)
{
	char *data = calloc(1, size + 1);
	while (n-- > 0)
		try(zmq_send(s, data, size, n > 0 ? ZMQ_SNDMORE : 0));
	free(data);
}

static inline void text(void *s, const char *t, int flags) { try(zmq_send(s, t, strlen(t), flags)); }

// take receives one part within a second, and returns its size or -1.
static inline int take(void *s, char *data, size_t size)
{
	int rc;
	set(s, ZMQ_RCVTIMEO, 1000);
	rc = zmq_recv(s, data, size, 0);
	return rc;
}

static inline int take_any(void *s)
{
	char data[256];
	return take(s, data, sizeof data);
}

// ready waits until a socket has an event, for a second.
static inline int ready_for(void *s, int event)
{
	for (int i = 0; i < 1000; i++) {
		if (events(s) & event)
			return 1;
		ms(1);
	}
	return 0;
}

static inline void need(const char *what)
{
	if (!zmq_has(what))
		SKIP("this libzmq has no %s", what);
}

static inline void need_draft(void)
{
	if (!DRAFT)
		SKIP("this libzmq has no draft API");
}

// --- a peer that is no libzmq ---

static inline struct sockaddr_in loopback(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static inline int port_of(const char *to) { return atoi(strrchr(to, ':') + 1); }

static inline int dial(const char *to)
{
	struct sockaddr_in a = loopback(port_of(to));
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	if (connect(fd, (struct sockaddr *) &a, sizeof a) == -1)
		end(FAILED, "connect to %s: %s", to, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

// hear listens on a port, at which endpoint points then.
static inline int hear(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t size = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *) &a, sizeof a) == -1 || listen(fd, 100) == -1
	    || getsockname(fd, (struct sockaddr *) &a, &size) == -1)
		end(FAILED, "listen: %s", strerror(errno));
	snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
	return fd;
}

static inline void put(int fd, const void *data, size_t size)
{
	const char *p = data;
	while (size > 0) {
		ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		p += n;
		size -= (size_t) n;
	}
}

// get reads so many bytes, or returns 0.
static inline int get(int fd, void *data, size_t size)
{
	char *p = data;
	struct timeval second = {2, 0};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
	while (size > 0) {
		ssize_t n = recv(fd, p, size, 0);
		if (n <= 0)
			return 0;
		p += n;
		size -= (size_t) n;
	}
	return 1;
}

// reset closes a connection without a goodbye.
static inline void reset(int fd)
{
	struct linger now = {1, 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

// greet sends the greeting of ZMTP 3.1, and reads that of the other side.
static inline void greet(int fd)
{
	unsigned char g[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
	put(fd, g, sizeof g);
	if (!get(fd, g, sizeof g))
		end(FAILED, "no greeting");
}

// MORE, LONG and COMMAND are the flags of a frame.
enum { MORE = 1, LONG = 2, COMMAND = 4 };

static inline size_t put_frame(unsigned char *to, int flags, const void *data, size_t size)
{
	size_t n = 0;
	to[n++] = (unsigned char) (size > 255 ? flags | LONG : flags);
	if (size > 255)
		for (int i = 7; i >= 0; i--)
			to[n++] = (unsigned char) (size >> 8 * i);
	else
		to[n++] = (unsigned char) size;
	memcpy(to + n, data, size);
	return n + size;
}

static inline void frame(int fd, int flags, const void *data, size_t size)
{
	unsigned char *to = malloc(size + 9);
	put(fd, to, put_frame(to, flags, data, size));
	free(to);
}

// get_frame reads one frame, and returns its size or -1.
static inline int get_frame(int fd, unsigned char *data, size_t size)
{
	unsigned char head[9];
	uint64_t n;
	if (!get(fd, head, 2))
		return -1;
	n = head[1];
	if (head[0] & LONG) {
		if (!get(fd, head + 2, 7))
			return -1;
		for (int i = 2; i < 9; i++)
			n = n << 8 | head[i];
	}
	if (n > size)
		end(FAILED, "a frame of %llu bytes", (unsigned long long) n);
	return get(fd, data, n) ? (int) n : -1;
}

// ready says which type of socket the peer is, with a routing id if there is one,
// and reads what the other side is.
static inline void ready(int fd, const char *type, const char *id)
{
	unsigned char c[600];
	size_t n = 0, len = strlen(type);
	memcpy(c, "\5READY\13Socket-Type\0\0\0", 21);
	n = 21;
	c[n++] = (unsigned char) len;
	memcpy(c + n, type, len);
	n += len;
	if (id) {
		len = strlen(id);
		memcpy(c + n, "\10Identity\0\0\0", 12);
		n += 12;
		c[n++] = (unsigned char) len;
		memcpy(c + n, id, len);
		n += len;
	}
	frame(fd, COMMAND, c, n);
	if (get_frame(fd, c, sizeof c) < 0)
		end(FAILED, "no READY");
}

// peer dials and shakes hands.
static inline int peer(const char *to, const char *type)
{
	int fd = dial(to);
	greet(fd);
	ready(fd, type, NULL);
	return fd;
}

// guest accepts a connection, and shakes hands.
static inline int guest(int listener, const char *type)
{
	int fd = accept(listener, NULL, NULL), on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	greet(fd);
	ready(fd, type, NULL);
	return fd;
}

// call connects a socket to a peer, and shakes hands.
static inline int call(void *s, const char *type)
{
	int l = hear();
	try(zmq_connect(s, endpoint));
	return guest(l, type);
}

// --- the system ---

// nobody gives up what root may.
static inline void nobody(void)
{
	if (geteuid() == 0 && setuid(65534) == -1)
		SKIP("no other user");
}

static inline void few_files(int more)
{
	int fd = open("/dev/null", O_RDONLY);
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = (rlim_t) (fd + more);
	close(fd);
	setrlimit(RLIMIT_NOFILE, &r);
}

// resident returns the memory of this process, in MiB.
static inline long resident(void)
{
	long pages = 0, size;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
		SKIP("no /proc/self/statm");
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE) >> 20;
}

// grows ends the program if the memory does, while a socket takes what has come.
static inline void grows(void *s, long before, int more, const char *what)
{
	time_t over = time(NULL) + 15;
	while (time(NULL) < over) {
		for (int i = 0; i < 100; i++)
			events(s);
		if (resident() > before + more)
			LEAK("%ld MiB by %s", resident() - before, what);
	}
}

static inline double cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// busy ends the program if it uses the processor, though it has nothing to do.
static inline void busy(void)
{
	double before = cpu();
	for (int i = 0; i < 30; i++) {
		ms(100);
		if (cpu() > before + 0.1)
			SPIN("a thread");
	}
}

static inline int open_files(void)
{
	int n = 0;
	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}
