// SPDX-License-Identifier: BSD-2-Clause

//go:build ignore

/*
 * The C loops that the benchmarks in bench/ are measured against: one zmq_msg
 * per call, blocking calls, a thread per socket. bench/worker.go does the same
 * work with the Go libraries and speaks the same protocol with the driver.
 * With -copy 1 the payload is copied from and to a buffer, as the libraries do.
 *
 *   stdout  "endpoint E [K]"   bound to E (a second endpoint, or a CURVE key)
 *           "ready"            every subscriber has received something
 *           "result k=v ..."   the last line
 *   stdin   a line tells a sender to begin (-sync), or that the measurement is over
 */

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zmq.h>

/* The size of the messages that are sent until every subscriber is there. */
#define SYNC_SIZE 1

static struct {
    const char *role, *type, *peer, *endpoint, *endpoint2, *serverkey;
    int bind, parts, subs, sync, curve, nohwm, sockets, conns, senders, receivers, window, kept, copy;
    size_t size;
    long count, warmup;
} opt = {.type = "", .endpoint = "", .parts = 1, .subs = 1, .conns = 1, .senders = 1, .receivers = 1};

static void *ctx;
static char key_line[64];

static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, ": %s\n", zmq_strerror(zmq_errno()));
    exit(1);
}

#define MUST(call)                                                             \
    do {                                                                       \
        if ((call) == -1)                                                      \
            die("%s", #call);                                                  \
    } while (0)

/* --- what is measured --- */

typedef struct {
    long long ns, cpu;
} mark;

static long long nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static mark take_mark(void)
{
    struct rusage u;
    mark m;
    getrusage(RUSAGE_SELF, &u);
    m.cpu = (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000LL
            + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000LL;
    m.ns = nanoseconds();
    return m;
}

/* status reads a number from /proc/self/status. */
static int status(const char *name)
{
    char line[128];
    int n = 0;
    size_t length = strlen(name);
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            n = atoi(line + length + 1);
    if (f)
        fclose(f);
    return n;
}

static int warm_kib; /* what the receiver's memory has grown by when the warm-up is over */

static void result(mark from, mark to)
{
    /* Not ru_maxrss: that begins with the size of the process that forked. */
    printf("result ns=%lld cpu=%lld maxrss=%d threads=%d warmkib=%d\n", to.ns - from.ns, to.cpu - from.cpu,
           status("VmHWM"), status("Threads"), warm_kib);
    fflush(stdout);
    exit(0); /* sockets and context need not be closed: nothing is left to be sent */
}

static void wait_line(void)
{
    int c;
    do {
        c = getchar();
    } while (c != '\n' && c != EOF);
}

/* --- sockets --- */

static int type_of(const char *name)
{
    static const struct {
        const char *name;
        int type;
    } types[] = {{"PAIR", ZMQ_PAIR}, {"PUB", ZMQ_PUB}, {"SUB", ZMQ_SUB}, {"REQ", ZMQ_REQ},
                 {"REP", ZMQ_REP}, {"DEALER", ZMQ_DEALER}, {"ROUTER", ZMQ_ROUTER}, {"PULL", ZMQ_PULL},
                 {"PUSH", ZMQ_PUSH}, {"XPUB", ZMQ_XPUB}, {"XSUB", ZMQ_XSUB}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    fprintf(stderr, "no such type: %s\n", name);
    exit(2);
}

static void set_int(void *s, int option, int value)
{
    MUST(zmq_setsockopt(s, option, &value, sizeof value));
}

/* open_socket makes a socket that is neither bound nor connected. */
static void *open_socket(const char *type, int binds)
{
    void *s = zmq_socket(ctx, type_of(type));
    if (!s)
        die("zmq_socket");
    set_int(s, ZMQ_LINGER, 0);
    if (strcmp(type, "PUB") == 0)
        set_int(s, ZMQ_XPUB_NODROP, 1); /* wait, so that no message is lost */
    if (strcmp(type, "SUB") == 0)
        MUST(zmq_setsockopt(s, ZMQ_SUBSCRIBE, "", 0));
    if (opt.nohwm) {
        set_int(s, ZMQ_SNDHWM, 0);
        set_int(s, ZMQ_RCVHWM, 0);
    }
    if (binds && opt.conns > 1)
        set_int(s, ZMQ_BACKLOG, opt.conns); /* all connect at once */
    if (opt.curve) {
        char public_key[41], secret_key[41];
        MUST(zmq_curve_keypair(public_key, secret_key));
        MUST(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret_key, 41));
        if (binds) {
            set_int(s, ZMQ_CURVE_SERVER, 1);
            snprintf(key_line, sizeof key_line, " %s", public_key);
        } else {
            MUST(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, public_key, 41));
            MUST(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, opt.serverkey, 41));
        }
    }
    return s;
}

static const char *bind_to(void *s, const char *endpoint)
{
    static char last[2][256];
    static int n;
    size_t size = sizeof last[0];
    n = !n;
    MUST(zmq_bind(s, endpoint));
    MUST(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, last[n], &size));
    return last[n];
}

static void *attach(const char *type)
{
    void *s = open_socket(type, opt.bind);
    if (opt.bind) {
        const char *at = bind_to(s, opt.endpoint);
        printf("endpoint %s%s\n", at, key_line);
        fflush(stdout);
    } else {
        MUST(zmq_connect(s, opt.endpoint));
    }
    return s;
}

/* --- loops --- */

/* What -copy copies from and to: each thread sends on its own, or receives. */
static _Thread_local char *payload;

static void make_payload(void)
{
    if (opt.copy && !payload)
        payload = calloc(1, opt.size > 256 ? opt.size : 256); /* the identity of a peer fits too */
}

static void send_part(void *s, size_t size, int flags)
{
    zmq_msg_t msg;
    MUST(zmq_msg_init_size(&msg, size));
    if (payload)
        memcpy(zmq_msg_data(&msg), payload, size);
    MUST(zmq_msg_send(&msg, s, flags));
}

static void receive_part(zmq_msg_t *msg, void *s)
{
    MUST(zmq_msg_recv(msg, s, 0));
    if (payload && zmq_msg_size(msg) <= opt.size)
        memcpy(payload, zmq_msg_data(msg), zmq_msg_size(msg));
}

static void send_message(void *s)
{
    for (int i = 1; i < opt.parts; i++)
        send_part(s, opt.size, ZMQ_SNDMORE);
    send_part(s, opt.size, 0);
}

static void send_messages(void *s, long n)
{
    make_payload();
    while (n-- > 0)
        send_message(s);
}

/* send_by_all sends n messages, by n_all sockets in turn. */
static void send_by_all(void **all, int n_all, long n)
{
    make_payload();
    for (long i = 0; i < n; i++)
        send_message(all[i % n_all]);
}

/* receive_messages counts messages whose last part has the right size. */
static void receive_messages(void *s, long n)
{
    zmq_msg_t msg;
    int want = opt.parts + (strcmp(opt.type, "ROUTER") == 0); /* it adds one */
    make_payload();
    MUST(zmq_msg_init(&msg));
    while (n > 0) {
        int parts = 0;
        do {
            receive_part(&msg, s);
            parts++;
        } while (zmq_msg_more(&msg));
        if (zmq_msg_size(&msg) == opt.size && parts == want) {
            n--;
        } else if (zmq_msg_size(&msg) != SYNC_SIZE) {
            fprintf(stderr, "received %d parts, the last of %zu bytes\n", parts, zmq_msg_size(&msg));
            exit(1);
        }
    }
    zmq_msg_close(&msg);
}

static void sleep_ms(void)
{
    struct timespec t = {0, 1000000};
    nanosleep(&t, NULL);
}

static void *until_line(void *flag)
{
    wait_line();
    __atomic_store_n((int *) flag, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void synchronize(void *s)
{
    int begin = 0;
    pthread_t t;
    pthread_create(&t, NULL, until_line, &begin);
    while (!__atomic_load_n(&begin, __ATOMIC_ACQUIRE)) {
        send_part(s, SYNC_SIZE, 0);
        sleep_ms();
    }
    pthread_join(t, NULL);
}

static void role_send(void)
{
    void **all = malloc((size_t) opt.conns * sizeof *all);
    mark from;
    for (int i = 0; i < opt.conns; i++)
        all[i] = attach(opt.type);
    if (opt.sync)
        synchronize(all[0]);
    send_by_all(all, opt.conns, opt.warmup);
    from = take_mark();
    send_by_all(all, opt.conns, opt.count);
    wait_line();
    result(from, take_mark());
}

static struct {
    pthread_mutex_t mu;
    int ready, started, done;
    mark from, to;
} seen = {.mu = PTHREAD_MUTEX_INITIALIZER};

static void *receiver(void *s)
{
    if (opt.sync) {
        zmq_msg_t msg;
        MUST(zmq_msg_init(&msg));
        MUST(zmq_msg_recv(&msg, s, 0));
        zmq_msg_close(&msg);
        pthread_mutex_lock(&seen.mu);
        if (++seen.ready == opt.subs) {
            printf("ready\n");
            fflush(stdout);
        }
        pthread_mutex_unlock(&seen.mu);
    }
    int kib = status("VmRSS");
    receive_messages(s, opt.warmup);
    pthread_mutex_lock(&seen.mu);
    warm_kib = status("VmRSS") - kib;
    if (seen.started++ == 0)
        seen.from = take_mark();
    pthread_mutex_unlock(&seen.mu);
    receive_messages(s, opt.count);
    pthread_mutex_lock(&seen.mu);
    if (++seen.done == opt.subs)
        seen.to = take_mark();
    pthread_mutex_unlock(&seen.mu);
    return NULL;
}

static void role_recv(void)
{
    pthread_t all[64];
    if (opt.subs == 1) {
        receiver(attach(opt.type));
        result(seen.from, seen.to);
    }
    for (int i = 0; i < opt.subs; i++)
        pthread_create(&all[i], NULL, receiver, attach(opt.type));
    for (int i = 0; i < opt.subs; i++)
        pthread_join(all[i], NULL);
    result(seen.from, seen.to);
}

static void echo(void *s, long n)
{
    zmq_msg_t msg;
    MUST(zmq_msg_init(&msg));
    while (n-- > 0) {
        MUST(zmq_msg_recv(&msg, s, 0));
        MUST(zmq_msg_send(&msg, s, 0));
    }
}

static void ask(void *s, long n)
{
    zmq_msg_t msg;
    while (n-- > 0) {
        MUST(zmq_msg_init_size(&msg, opt.size));
        MUST(zmq_msg_send(&msg, s, 0));
        MUST(zmq_msg_recv(&msg, s, 0));
        if (zmq_msg_size(&msg) != opt.size) {
            fprintf(stderr, "received %zu bytes\n", zmq_msg_size(&msg));
            exit(1);
        }
        zmq_msg_close(&msg);
    }
}

static void role_echo(void)
{
    void *s = attach(opt.type);
    mark from;
    echo(s, opt.warmup);
    from = take_mark();
    echo(s, opt.count);
    wait_line();
    result(from, take_mark());
}

static void role_ask(void)
{
    void *s = attach(opt.type);
    mark from;
    ask(s, opt.warmup);
    from = take_mark();
    ask(s, opt.count);
    result(from, take_mark());
}

/* Two threads in one process. type is this side's, peer the other's. */

static void *inproc_sender(void *s)
{
    send_messages(s, opt.warmup + opt.count);
    return NULL;
}

static void role_thr(void)
{
    pthread_t t;
    void *s = open_socket(opt.peer, 0), *r = open_socket(opt.type, 1);
    MUST(zmq_bind(r, opt.endpoint));
    MUST(zmq_connect(s, opt.endpoint));
    pthread_create(&t, NULL, inproc_sender, s);
    receiver(r);
    result(seen.from, seen.to);
}

static void *inproc_echo(void *s)
{
    echo(s, opt.warmup + opt.count);
    return NULL;
}

static void role_lat(void)
{
    pthread_t t;
    mark from;
    void *s = open_socket(opt.type, 0), *r = open_socket(opt.peer, 1);
    MUST(zmq_bind(r, opt.endpoint));
    MUST(zmq_connect(s, opt.endpoint));
    pthread_create(&t, NULL, inproc_echo, r);
    ask(s, opt.warmup);
    from = take_mark();
    ask(s, opt.count);
    result(from, take_mark());
}

/* Many threads that share sockets, each of which has a mutex if it needs one. */

#define TICKET 16 /* messages that a thread moves before it asks for more */

static struct shared {
    void *socket;
    int threads;
    pthread_mutex_t mu;
    long taken;
} sending = {.mu = PTHREAD_MUTEX_INITIALIZER}, receiving = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* take gives the calling thread some messages to move: none at the end. */
static long take(struct shared *side, long *before)
{
    long left;
    *before = __atomic_fetch_add(&side->taken, TICKET, __ATOMIC_RELAXED);
    left = opt.warmup + opt.count - *before;
    return left < TICKET ? left : TICKET;
}

static void lock(struct shared *side)
{
    if (side->threads > 1)
        pthread_mutex_lock(&side->mu);
}

static void unlock(struct shared *side)
{
    if (side->threads > 1)
        pthread_mutex_unlock(&side->mu);
}

static void *shared_sender(void *arg)
{
    long before;
    for (long n; (n = take(&sending, &before)) > 0;) {
        while (n-- > 0) {
            zmq_msg_t msg;
            MUST(zmq_msg_init_size(&msg, opt.size));
            lock(&sending);
            MUST(zmq_msg_send(&msg, sending.socket, 0));
            unlock(&sending);
        }
    }
    return arg;
}

static void *shared_receiver(void *arg)
{
    long before;
    for (long n; (n = take(&receiving, &before)) > 0;) {
        if (before <= opt.warmup && opt.warmup < before + n)
            seen.from = take_mark();
        while (n-- > 0) {
            lock(&receiving);
            receive_messages(receiving.socket, 1);
            unlock(&receiving);
        }
    }
    return arg;
}

static void role_shared(void)
{
    pthread_t senders[64], receivers[64];
    sending.threads = opt.senders;
    receiving.threads = opt.receivers;
    receiving.socket = open_socket(opt.type, 1);
    sending.socket = open_socket(opt.peer, 0);
    MUST(zmq_bind(receiving.socket, opt.endpoint));
    MUST(zmq_connect(sending.socket, opt.endpoint));
    for (int i = 0; i < opt.senders; i++)
        pthread_create(&senders[i], NULL, shared_sender, NULL);
    for (int i = 0; i < opt.receivers; i++)
        pthread_create(&receivers[i], NULL, shared_receiver, NULL);
    for (int i = 0; i < opt.receivers; i++)
        pthread_join(receivers[i], NULL);
    result(seen.from, take_mark());
}

/* A server that answers on its ROUTER, by one thread, and clients that send it requests. */

static mark until_from;

/* until_told ends the process when the driver says so. */
static void *until_told(void *arg)
{
    wait_line();
    result(until_from, take_mark());
    return arg;
}

static void role_serve(void)
{
    pthread_t t;
    zmq_msg_t msg;
    opt.bind = 1;
    void *s = attach(opt.type);
    until_from = take_mark();
    pthread_create(&t, NULL, until_told, NULL);
    MUST(zmq_msg_init(&msg));
    for (;;) {
        MUST(zmq_msg_recv(&msg, s, 0));
        MUST(zmq_msg_send(&msg, s, zmq_msg_more(&msg) ? ZMQ_SNDMORE : 0));
    }
}

static long asked, answered;

/* another reports whether there is another request to send. */
static int another(void)
{
    return __atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED) < opt.warmup + opt.count;
}

static void *client(void *s)
{
    int waiting = 0;
    zmq_msg_t msg;
    MUST(zmq_msg_init(&msg));
    while (waiting < opt.window && another()) {
        send_part(s, opt.size, 0);
        waiting++;
    }
    while (waiting > 0) {
        MUST(zmq_msg_recv(&msg, s, 0));
        if (zmq_msg_size(&msg) != opt.size || zmq_msg_more(&msg)) {
            fprintf(stderr, "received %zu bytes\n", zmq_msg_size(&msg));
            exit(1);
        }
        if (__atomic_fetch_add(&answered, 1, __ATOMIC_RELAXED) == opt.warmup)
            seen.from = take_mark();
        if (another())
            send_part(s, opt.size, 0);
        else
            waiting--;
    }
    return s;
}

static void role_load(void)
{
    pthread_t all[64];
    for (int i = 0; i < opt.conns; i++)
        pthread_create(&all[i], NULL, client, attach(opt.type));
    for (int i = 0; i < opt.conns; i++)
        pthread_join(all[i], NULL);
    result(seen.from, take_mark());
}

/* zmq_proxy from type to peer. */

static void role_proxy(void)
{
    pthread_t t;
    void *front = open_socket(opt.type, 1), *back;
    opt.nohwm = 1; /* so that XPUB does not drop */
    back = open_socket(opt.peer, 1);
    const char *at = bind_to(front, opt.endpoint), *at2 = bind_to(back, opt.endpoint2);
    until_from = take_mark();
    pthread_create(&t, NULL, until_told, NULL);
    printf("endpoint %s %s\n", at, at2);
    fflush(stdout);
    zmq_proxy(front, back, NULL);
}

/* zmq_poll with many sockets, of which one has a message. */
static void role_poll(void)
{
    zmq_pollitem_t *items = calloc((size_t) opt.sockets, sizeof *items);
    void *active = open_socket("PUSH", 0);
    mark from = {0};
    for (int i = 0; i < opt.sockets; i++) {
        items[i].socket = open_socket("PULL", 1);
        items[i].events = ZMQ_POLLIN;
    }
    MUST(zmq_connect(active, bind_to(items[opt.sockets / 2].socket, opt.endpoint)));
    for (long i = 0; i < opt.warmup + opt.count; i++) {
        zmq_msg_t msg;
        if (i == opt.warmup)
            from = take_mark();
        send_part(active, opt.size, 0);
        MUST(zmq_poll(items, opt.sockets, -1));
        for (int k = 0; k < opt.sockets; k++) {
            if (items[k].revents & ZMQ_POLLIN) {
                MUST(zmq_msg_init(&msg));
                MUST(zmq_msg_recv(&msg, items[k].socket, 0));
                MUST(zmq_msg_close(&msg));
            }
        }
    }
    result(from, take_mark());
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } roles[] = {{"send", role_send}, {"recv", role_recv}, {"echo", role_echo}, {"ask", role_ask},
                 {"thr", role_thr}, {"lat", role_lat}, {"proxy", role_proxy}, {"poll", role_poll},
                 {"shared", role_shared}, {"serve", role_serve}, {"load", role_load}};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i] + 1, *value = argv[i + 1];
        struct {
            const char *name;
            const char **text;
            int *number;
        } options[] = {{"role", &opt.role, NULL}, {"type", &opt.type, NULL}, {"peer", &opt.peer, NULL},
                       {"endpoint", &opt.endpoint, NULL}, {"endpoint2", &opt.endpoint2, NULL},
                       {"serverkey", &opt.serverkey, NULL}, {"bind", NULL, &opt.bind},
                       {"parts", NULL, &opt.parts}, {"subs", NULL, &opt.subs}, {"sync", NULL, &opt.sync},
                       {"curve", NULL, &opt.curve}, {"nohwm", NULL, &opt.nohwm},
                       {"sockets", NULL, &opt.sockets}, {"conns", NULL, &opt.conns},
                       {"senders", NULL, &opt.senders}, {"receivers", NULL, &opt.receivers},
                       {"window", NULL, &opt.window}, {"kept", NULL, &opt.kept}, {"copy", NULL, &opt.copy}};
        size_t k, known = sizeof options / sizeof *options;
        if (strcmp(name, "size") == 0) {
            opt.size = strtoul(value, NULL, 10);
            continue;
        }
        if (strcmp(name, "count") == 0) {
            opt.count = atol(value);
            continue;
        }
        if (strcmp(name, "warmup") == 0) {
            opt.warmup = atol(value);
            continue;
        }
        for (k = 0; k < known && strcmp(options[k].name, name) != 0; k++)
            ;
        if (k == known) {
            fprintf(stderr, "no such option: -%s\n", name);
            return 2;
        }
        if (options[k].text)
            *options[k].text = value;
        else
            *options[k].number = atoi(value);
    }
    ctx = zmq_ctx_new();
    if (!ctx)
        die("zmq_ctx_new");
    if (opt.sockets + opt.conns > 1000)
        MUST(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, opt.sockets + opt.conns + 10));
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (opt.role && strcmp(roles[i].name, opt.role) == 0)
            roles[i].run();
    fprintf(stderr, "no such role\n");
    return 2;
}
