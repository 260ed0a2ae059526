#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs what the package is built with: libzmq's development files,
# pkg-config and a C compiler. Does nothing if they are there.
set -eu

compiler() { command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null; }

ready() { compiler && pkg-config --exists 'libzmq >= 4.2.0' 2>/dev/null; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "deps: this needs root, and there is no sudo: $*" >&2
		exit 1
	fi
}

ready && exit 0

if command -v apt-get >/dev/null; then
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
		gcc libc6-dev libzmq3-dev pkg-config
elif command -v dnf >/dev/null; then
	as_root dnf install -y gcc pkgconf-pkg-config zeromq-devel
elif command -v apk >/dev/null; then
	as_root apk add gcc musl-dev pkgconf zeromq-dev
elif command -v brew >/dev/null; then
	brew install pkg-config zeromq
fi

ready && exit 0
cat >&2 <<END
deps: a C compiler, pkg-config and libzmq 4.2 or newer with its headers are needed.
Please install them; pkg-config must find libzmq:
    pkg-config --modversion libzmq
END
exit 1
