#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds a libzmq.a that programs can be linked with statically: libzmq.sh's,
# without Kerberos, which has no static library in Debian, and with a
# libzmq.pc that names the archives of all that it needs.
#
#     scripts/libzmq-static.sh PREFIX [configure flags...]
#
#     export PKG_CONFIG_PATH=PREFIX/lib/pkgconfig CGO_LDFLAGS='-O2 -g -LPREFIX/lib'
#     go build -tags zmq4_static .                               # needs libc only
#     go build -tags zmq4_static,netgo,osusergo -ldflags '-extldflags=-static' .   # needs nothing
#
# With --host=aarch64-linux-gnu, or another of Debian's, PREFIX/lib has all of
# the archives, of that architecture.
#
# CGO_LDFLAGS is there for Go's build cache, which does not see that
# PKG_CONFIG_PATH has changed.
set -euo pipefail

[ $# -ge 1 ] || {
	sed -n '4,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
}
"$(dirname "${BASH_SOURCE[0]}")/libzmq.sh" "$1" --with-libgssapi_krb5=no --disable-shared "${@:2}"
[ ! -d "$1/sysroot" ] || cp "$1"/sysroot/usr/lib/*/*.a "$1/lib"

# Debian's norm.pc names libprotokit.a without its folder.
archives='-l:libpgm.a -l:libnorm.a -l:libprotokit.a -l:libsodium.a -l:libbsd.a -l:libmd.a -l:libstdc++.a -lpthread -lrt -lm -ldl'
sed -i -e "s/^Libs.private:.*/Libs.private: $archives/" -e '/^Requires.private:/d' "$1/lib/pkgconfig/libzmq.pc"
PKG_CONFIG_PATH=$1/lib/pkgconfig pkg-config --static --libs libzmq
