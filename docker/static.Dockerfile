# SPDX-License-Identifier: BSD-2-Clause
#
# How to ship a program alone: linked statically, in an image that has nothing
# else. libzmq is built without Kerberos, which has no static library. From the
# root of the repository:
#
#     docker build -f docker/static.Dockerfile -t zmq4-static .
#     docker run --rm zmq4-static

FROM zmq4-build:4.3.4 AS build
USER root
COPY scripts/libzmq.sh scripts/libzmq-static.sh /opt/
RUN sh -c 'apt-get update && /opt/libzmq-static.sh /opt/libzmq' && rm -rf /var/lib/apt/lists/*
USER build
ENV PKG_CONFIG_PATH=/opt/libzmq/lib/pkgconfig
ARG PACKAGE=./examples/demo
COPY --chown=build . .
RUN go build -trimpath -tags zmq4_static,netgo,osusergo -ldflags '-s -w -extldflags=-static' -o /tmp/program $PACKAGE \
    && ! ldd /tmp/program

FROM scratch
LABEL org.opencontainers.image.title="zmq4-static" \
      org.opencontainers.image.description="A program that uses zmq4, linked statically with libzmq 4.3.4" \
      org.opencontainers.image.source="https://github.com/seed45097122/zmq4" \
      org.opencontainers.image.licenses="BSD-2-Clause"
COPY --from=build /tmp/program /program
USER 10001:10001
ENTRYPOINT ["/program"]
