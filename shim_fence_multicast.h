/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The fences of multicast and udp: sockets of the system are set up as libzmq is about to do, for it
 * aborts or hangs if it cannot. See fence_multicast.go.
 */

#ifndef ZMQ4_SHIM_FENCE_MULTICAST_H
#define ZMQ4_SHIM_FENCE_MULTICAST_H

#include <zmq.h>

#ifndef _WIN32
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#define ZMQ4_IPPROTO_PGM 113

/* The options that zmq4_try_group sets, in reuse. */
enum { ZMQ4_REUSE_ADDR = 1, ZMQ4_REUSE_PORT = 2 };

/*
 * zmq4_try_group makes a socket as a multicast transport does, binds it to port,
 * joins the groups (of n bytes in all) on an interface, and closes it again. The
 * interface is given by its address addr for IPv4, and by its index for IPv6.
 */
static inline int zmq4_try_group(int v6, int raw, int reuse, int port, const unsigned char *addr,
                                 unsigned int index, const unsigned char *groups, int n)
{
#ifdef _WIN32
    (void) v6, (void) raw, (void) reuse, (void) port, (void) addr, (void) index, (void) groups, (void) n;
    return 0;
#else
    struct sockaddr_storage any;
    int fd, on = 1, ok, rc = zmq4_try_fds(32); /* a thread, its pipes, and the sockets */
    if (rc < 0)
        return rc;
    fd = zmq4_open_socket(v6 ? AF_INET6 : AF_INET, raw ? SOCK_RAW : SOCK_DGRAM, raw ? ZMQ4_IPPROTO_PGM : 0);
    if (fd < 0)
        return -errno;
    memset(&any, 0, sizeof any);
    any.ss_family = v6 ? AF_INET6 : AF_INET;
    if (v6)
        ((struct sockaddr_in6 *) &any)->sin6_port = htons((uint16_t) port);
    else
        ((struct sockaddr_in *) &any)->sin_port = htons((uint16_t) port);
    ok = !(reuse & ZMQ4_REUSE_ADDR) || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
#ifdef SO_REUSEPORT
    ok = ok && (!(reuse & ZMQ4_REUSE_PORT) || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
#endif
    ok = ok
         && bind(fd, (struct sockaddr *) &any, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) == 0;
    for (; ok && n > 0; n -= v6 ? 16 : 4, groups += v6 ? 16 : 4) {
        if (v6) {
            struct ipv6_mreq req;
            memcpy(&req.ipv6mr_multiaddr, groups, 16);
            req.ipv6mr_interface = index;
            ok = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &req, sizeof req) == 0;
        } else {
            struct ip_mreq req;
            memcpy(&req.imr_multiaddr, groups, 4);
            memcpy(&req.imr_interface, addr, 4);
            ok = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &req, sizeof req) == 0;
        }
        if (!ok && errno == EADDRINUSE) /* joined before, in the endpoint itself */
            ok = 1;
    }
    rc = ok ? 0 : -errno;
    close(fd);
    return rc;
#endif
}

/*
 * Fence Z092, Z093.
 * zmq4_try_udp checks whether a UDP socket can be bound to an address. libzmq leaves
 * that to an I/O thread, which tries for ever if it cannot. A host that is not an
 * address is left to libzmq.
 */
static inline int zmq4_try_udp(const unsigned char *host, const unsigned char *port)
{
#ifdef _WIN32
    (void) host, (void) port;
    return 0;
#else
    struct addrinfo hints, *info;
    int fd, on = 1, rc = 0;
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo((const char *) host, (const char *) port, &hints, &info) != 0)
        return 0;
    fd = zmq4_open_socket(info->ai_family, SOCK_DGRAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || bind(fd, info->ai_addr, info->ai_addrlen) != 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(info);
    return rc;
#endif
}

/*
 * Fence Z104.
 * zmq4_try_device checks whether a UDP socket can be bound to the device of
 * ZMQ_BINDTODEVICE. If it cannot, zmq_ctx_term waits for ever.
 */
static inline int zmq4_try_device(uintptr_t h)
{
    int rc = 0;
#ifdef SO_BINDTODEVICE
    unsigned char name[256];
    size_t size = sizeof name;
    int fd;
    if (zmq4_getsockopt(h, ZMQ_BINDTODEVICE, name, &size) < 0 || size <= 1)
        return 0;
    fd = zmq4_open_socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t) size) != 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
#else
    (void) h;
#endif
    return rc;
}

#endif
