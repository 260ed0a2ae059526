# SPDX-License-Identifier: BSD-2-Clause
#
# How to ship a program that uses zmq4: built in zmq4-build (see Dockerfile),
# it ends in an image with libzmq and the program, without a compiler. From the
# root of the repository:
#
#     docker build -f docker/program.Dockerfile -t zmq4-demo .
#     docker run --rm zmq4-demo
#
# For your own module copy this file to it, and let PACKAGES be its commands.

FROM zmq4-build:4.3.4 AS build
ARG PACKAGES="./examples/demo ./examples/multicast/pub ./examples/multicast/sub ./docker/relay"
COPY --chown=build . .
RUN mkdir /tmp/bin && go build -trimpath -o /tmp/bin/ $PACKAGES

FROM debian:12.11-slim
LABEL org.opencontainers.image.title="zmq4-demo" \
      org.opencontainers.image.description="Programs that use zmq4, with libzmq 4.3.4" \
      org.opencontainers.image.source="https://github.com/seed45097122/zmq4" \
      org.opencontainers.image.licenses="BSD-2-Clause"
# /data is where programs may write: a volume there belongs to the user.
RUN apt-get update \
    && apt-get install -y --no-install-recommends 'libzmq5=4.3.4-*' \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin zmq4 \
    && install -d -o zmq4 /data
COPY --from=build /tmp/bin/ /usr/local/bin/
USER zmq4
WORKDIR /data
CMD ["demo"]
