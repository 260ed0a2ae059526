#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Links a program in each way that cgo_flags.go has, looks at what it needs,
# and runs it: the static one in a folder that has nothing else, if this is
# root. On Debian or Ubuntu.
#
#     scripts/link.sh [FOLDER]    where libzmq is kept for the next time
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kept=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/zmq4/static}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

say() { printf '\n-- %s\n' "$*"; }
fail() {
	echo "link: $*" >&2
	exit 1
}

# libraries prints the names of the shared libraries that a program needs.
libraries() { ldd "$1" | sed -n 's/^[[:space:]]*\([^ ]*\.so[^ ]*\).*/\1/p' | grep -v -e linux-vdso -e ld-linux || true; }

# run runs a program, which has to deliver by each transport.
run() {
	if ! "$@" -n 1000 >"$tmp/out" 2>&1 || ! grep ' 0 failed, 0 skipped' "$tmp/out"; then
		cat "$tmp/out" >&2
		fail "failed: $*"
	fi
}

say "default: pkg-config"
go build -o "$tmp/default" ./examples/demo
libraries "$tmp/default" | grep libzmq || fail "the program does not need libzmq"
run "$tmp/default"

say "zmq4_nopkgconfig: CGO_CFLAGS and CGO_LDFLAGS"
if PKG_CONFIG=false CGO_LDFLAGS='-O2 -g' go build -tags zmq4_nopkgconfig -o "$tmp/none" ./examples/demo 2>/dev/null; then
	fail "a program was linked without -lzmq"
fi
PKG_CONFIG=false CGO_CFLAGS="-O2 -g $(pkg-config --cflags libzmq)" CGO_LDFLAGS="-O2 -g $(pkg-config --libs libzmq)" \
	go build -tags zmq4_nopkgconfig -o "$tmp/nopkgconfig" ./examples/demo
libraries "$tmp/nopkgconfig" | grep libzmq || fail "the program does not need libzmq"
run "$tmp/nopkgconfig"
go build -o "$tmp/default" ./examples/demo || fail "the build cache mixes up the tags"

say "zmq4_static"
scripts/libzmq-static.sh "$kept"
export PKG_CONFIG_PATH=$kept/lib/pkgconfig CGO_LDFLAGS="-O2 -g -L$kept/lib"
go build -tags zmq4_static -o "$tmp/static" ./examples/demo
for library in $(libraries "$tmp/static"); do
	case $library in
	libc.so.* | libm.so.* | libgcc_s.so.*) echo "$library" ;;
	*) fail "the program needs $library" ;;
	esac
done
run "$tmp/static"

say "zmq4_static, and libc too"
mkdir -p "$tmp/empty/tmp"
go build -tags zmq4_static,netgo,osusergo -ldflags '-extldflags=-static' -o "$tmp/empty/program" ./examples/demo 2>"$tmp/warnings" || {
	cat "$tmp/warnings" >&2
	fail "it cannot be linked"
}
[ -z "$(libraries "$tmp/empty/program")" ] || fail "the program is not static"
ls -sh "$tmp/empty/program"
if [ "$(id -u)" = 0 ]; then
	run chroot "$tmp/empty" /program
else
	echo "not root: no chroot"
	run "$tmp/empty/program"
fi
