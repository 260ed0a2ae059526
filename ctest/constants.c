// SPDX-License-Identifier: BSD-2-Clause

//go:build ignore

// Prints, for each NUMBER(name) in names.h, which the test writes, the name and
// its value, and the layout of zmq.h's structures.

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <zmq.h>

#define NUMBER(name) printf("%s %lld\n", #name, (long long)(name));
#define SIZE(type) printf("sizeof(" #type ") %zu\n", sizeof(type));
#define OFFSET(type, field) printf("offsetof(" #type "," #field ") %zu\n", offsetof(type, field));

int main(void)
{
	int major, minor, patch;
	zmq_version(&major, &minor, &patch);
	printf("version %d\n", ZMQ_MAKE_VERSION(major, minor, patch));
	SIZE(zmq_msg_t)
	SIZE(zmq_pollitem_t)
	OFFSET(zmq_pollitem_t, socket)
	OFFSET(zmq_pollitem_t, fd)
	OFFSET(zmq_pollitem_t, events)
	OFFSET(zmq_pollitem_t, revents)
#include "names.h"
	return 0;
}
