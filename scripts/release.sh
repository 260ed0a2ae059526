#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the terminal tool as static programs for Linux on amd64 and arm64, runs
# them, each with the other one, and writes their licences and checksums. On
# Debian or Ubuntu; the program for the other architecture is cross-compiled
# with Debian's packages, and run by qemu.
#
#     scripts/release.sh [FOLDER]    where they go to: dist by default
#
# The version is that of the package that cmd/zmq4/go.mod requires. ZMQ4_CACHE
# names the folder that keeps libzmq for the next time. As root it installs what
# it needs. With the same Go and the same packages of Debian the programs are the
# same, bit by bit, wherever they are built: scripts/reproduce.sh checks that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${ZMQ4_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zmq4}
mkdir -p "${1:-dist}"
dist=$(cd "${1:-dist}" && pwd)
rm -f "$dist"/zmq4-* "$dist"/LICENSES "$dist"/SHA256SUMS
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
native=$(dpkg --print-architecture)
version=$(sed -n 's|^\tgithub.com/seed45097122/zmq4 ||p' cmd/zmq4/go.mod)
tags=zmq4_static,netgo,osusergo
export GOFLAGS='-trimpath -buildvcs=false' GOOS=linux GOAMD64=v1 GOARM64=v8.0 CGO_ENABLED=1

say() { printf '\n-- %s\n' "$*"; }
fail() {
	echo "release: $*" >&2
	exit 1
}

# machine prints the name that GNU tools have for an architecture.
machine() {
	case $1 in
	amd64) echo x86_64 ;;
	arm64) echo aarch64 ;;
	esac
}

# build makes the program for an architecture.
build() {
	local arch=$1 host kept
	host=$(machine "$arch")-linux-gnu
	if [ "$arch" = "$native" ]; then
		kept=$cache/static # as link.sh
		scripts/libzmq-static.sh "$kept"
	else
		kept=$cache/static-$arch
		scripts/libzmq-static.sh "$kept" "--host=$host"
	fi
	# No other libzmq can be found.
	(cd cmd/zmq4 && env -u PKG_CONFIG_PATH -u CC -u CXX PKG_CONFIG_LIBDIR="$kept/lib/pkgconfig" GOARCH="$arch" CC="$host-gcc" \
		CGO_CFLAGS=-O2 CGO_LDFLAGS="-O2 -L$kept/lib" go build -tags $tags -o "$dist/zmq4-$version-linux-$arch" -ldflags \
		"-s -w -buildid= -X main.release=$version -extldflags '-static -Wl,--build-id=none'" .) 2>"$tmp/warnings" || {
		cat "$tmp/warnings" >&2
		fail "the tool cannot be built for $arch"
	}
}

# tool runs the program for an architecture.
tool() {
	local arch=$1 run=()
	shift
	[ "$arch" = "$native" ] || run=("qemu-$(machine "$arch")-static")
	"${run[@]}" "$dist/zmq4-$version-linux-$arch" "$@"
}

# try looks at the program for an architecture, and asks it from the native one,
# over ipc and with CURVE.
try() {
	local arch=$1 program=$dist/zmq4-$version-linux-$1 answer
	! readelf --dynamic "$program" | grep NEEDED || fail "$program is not static"
	! grep -q -a -F -e "$PWD" -e "$cache" -e "$tmp" "$program" || fail "$program knows where it was built"
	tool "$arch" --version | grep "^zmq4 $version, libzmq .* curve" || fail "$program says that it is another one"
	tool "$arch" keygen "$tmp/$arch" >/dev/null
	tool "$arch" reply "ipc://$tmp/$arch.ipc" --server --cert "$tmp/${arch}_secret" --allow any --count 1 --timeout 60s &
	answer=$(tool "$native" request "ipc://$tmp/$arch.ipc" hello --curve-server-key "$tmp/$arch" --timeout 60s)
	wait $!
	[ "$answer" = hello ] || fail "$program answers '$answer'"
}

# licences prints those of all that is in the programs.
licences() {
	(
		cd cmd/zmq4
		echo "Go $(go env GOROOT)"
		go list -deps -tags $tags -f '{{with .Module}}{{.Path}} {{.Dir}}{{end}}' . | sort -u
	) | while read -r name folder; do
		find "$folder" -maxdepth 1 -type f \( -iname 'LICEN[CS]E*' -o -iname 'COPYING*' \) | sort | while read -r file; do
			printf '\n----- %s: %s\n\n' "$name" "$(basename "$file")"
			cat "$file"
		done
	done
	local package
	for package in libzmq3-dev libsodium-dev libpgm-dev libnorm-dev libbsd-dev libmd-dev libc6-dev libstdc++6; do
		printf '\n----- Debian: %s\n\n' "$package"
		cat "/usr/share/doc/$package/copyright"
	done
}

missing=()
for arch in amd64 arm64; do
	[ "$arch" != "$native" ] || continue
	command -v "$(machine $arch)-linux-gnu-g++" >/dev/null || missing+=("g++-$(machine $arch | tr _ -)-linux-gnu")
	command -v "qemu-$(machine $arch)-static" >/dev/null || missing+=(qemu-user-static)
done
if [ ${#missing[@]} -gt 0 ]; then
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		install -qqy --no-install-recommends "${missing[@]}" >/dev/null
fi

for arch in amd64 arm64; do
	say "zmq4 $version for linux/$arch"
	build $arch
	try $arch
done
licences >"$dist/LICENSES"
(cd "$dist" && sha256sum zmq4-* LICENSES >SHA256SUMS)
say "$dist"
ls -sh "$dist"
cat "$dist/SHA256SUMS"
