#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs the tests against several builds of libzmq:
#
#     system         the one that pkg-config finds
#     drafts         the same version with the draft API, built by libzmq.sh
#     trixie         the one of Debian 13, in a chroot, with multicast too
#     trixie-drafts  that version with the draft API, in the same chroot
#
#     scripts/matrix.sh [part...]     all of them by default
#
# Each shows, too, which faults of docs/libzmq.md that libzmq has.
#
# TESTFLAGS is given to go test, and ZMQ4_CACHE names the folder, outside of the
# tree, that keeps what was built. A part that this machine cannot run is
# reported as skipped. The chroot needs root and debootstrap.
#
# shellcheck disable=SC2317 # the parts are called by name
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${ZMQ4_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zmq4}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
chroot=$cache/trixie
drafts=(--enable-drafts --with-tls --disable-static)
chroot_packages=ca-certificates,g++,gcc,iproute2,libc6-dev,libzmq3-dev,make,nftables,pkg-config
read -ra testflags <<<"${TESTFLAGS:--count=1 -short}"

say() { printf '\nmatrix: %s\n' "$*"; }

# skip ends a part that cannot be run here.
skip() {
	echo "$*" >"$cache/.skipped"
	exit 77
}

# suite runs the tests with what is in the environment.
suite() {
	cd "$root"
	echo "libzmq $(pkg-config --modversion libzmq), $(pkg-config --cflags libzmq)"
	go vet .
	go test "${testflags[@]}" .
	faults
}

# faults shows which faults of docs/libzmq.md this libzmq has, and fails if the page
# is wrong.
faults() {
	go test -count=1 -v -run=TestFaults ./ctest/fence | sed -E '/^=== |^PASS$/d; s/^ +//'
}

# against points the compiler and the loader to a build of libzmq. Go's build
# cache knows packages by CGO_CFLAGS, and not by what pkg-config says.
against() {
	export PKG_CONFIG_PATH=$1/lib/pkgconfig LD_LIBRARY_PATH=$1/lib CGO_CFLAGS="-O2 -g -I$1/include"
}

part_system() { suite; }

# NORM of 4.3.4 aborts a subscriber that joins late, that of 4.3.5 does not.
part_multicast() {
	suite
	ZMQ4_MULTICAST=1 go test -count=1 -v -run 'TestLate/norm|TestDelivery/norm/3%' ./ctest/multicast
}

part_drafts() {
	command -v apt-get >/dev/null || skip "no apt-get: libzmq.sh needs Debian or Ubuntu"
	local status=0
	"$root/scripts/libzmq.sh" "$cache/drafts" "${drafts[@]}" || status=$?
	[ "$status" != 3 ] || skip "the archive does not have the source of this libzmq"
	[ "$status" = 0 ] || return "$status"
	against "$cache/drafts"
	suite
}

# trixie makes the chroot: Debian 13 with libzmq and a C compiler.
trixie() {
	[ "$(id -u)" = 0 ] || skip "a chroot needs root"
	command -v debootstrap >/dev/null || skip "no debootstrap"
	unshare --mount true 2>/dev/null || skip "mounting is not allowed here"
	if [ -e "$chroot/.ready" ] && [ "$(<"$chroot/.ready")" = "$chroot_packages" ]; then
		return
	fi
	rm -rf --one-file-system "$chroot"
	local mirror
	# shellcheck disable=SC2016 # apt-get replaces them
	mirror=$(apt-get indextargets --format '$(ORIGIN) $(SITE)' 'Created-By: Packages' |
		sed -n 's/^Debian //p' | grep -v security | head -n 1)
	[ -n "$mirror" ] || skip "apt-get has no archive of Debian: apt-get update"
	debootstrap --variant=minbase --include="$chroot_packages" \
		trixie "$chroot" "$mirror" >"$cache/trixie.log" 2>&1 || {
		tail -n 20 "$cache/trixie.log" >&2
		return 1
	}
	rm -rf "$chroot"/var/cache/apt/archives/*.deb
	echo "$chroot_packages" >"$chroot/.ready"
}

# inside runs a command in the chroot, with Go, its modules and the tree mounted.
# The mounts end with the command.
inside() {
	(cd "$root" && go mod download)
	mkdir -p "$chroot"/{go,modules,tree,cache}
	cp -L /etc/resolv.conf /etc/hosts "$chroot/etc/"
	# shellcheck disable=SC2016 # the inner shell has the arguments
	unshare --mount --pid --fork sh -ec '
		chroot=$1 go=$2 modules=$3 tree=$4
		shift 4
		mount --make-rprivate /
		mount --bind "$chroot" "$chroot" # ip netns wants / to be a mount
		mount --bind "$go" "$chroot/go"
		mount --bind "$modules" "$chroot/modules"
		mount --bind "$tree" "$chroot/tree"
		mount -t proc proc "$chroot/proc"
		mount --rbind /dev "$chroot/dev"
		mount --rbind /sys "$chroot/sys"
		exec chroot "$chroot" env -i HOME=/root LANG=C.UTF-8 \
			PATH=/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			GOROOT=/go GOMODCACHE=/modules GOCACHE=/cache/go GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-buildvcs=false \
			TESTFLAGS="$TESTFLAGS" ${http_proxy:+http_proxy="$http_proxy"} "$@"
	' sh "$chroot" "$(go env GOROOT)" "$(go env GOMODCACHE)" "$root" "$@"
}

part_trixie() {
	trixie
	inside /tree/scripts/matrix.sh --here /cache multicast
}

part_trixie_drafts() {
	trixie
	inside /tree/scripts/matrix.sh --here /cache drafts
}

if [ "${1:-}" = --here ]; then # in the chroot
	cache=$2
	"part_$3"
	exit
fi

parts=("$@")
[ $# -gt 0 ] || parts=(system drafts trixie trixie-drafts)
export TESTFLAGS="${testflags[*]}"
results=()
failed=0
for part in "${parts[@]}"; do
	declare -F "part_${part//-/_}" >/dev/null || {
		echo "matrix: there is no part $part" >&2
		exit 2
	}
	say "$part"
	start=$SECONDS
	rm -f "$cache/.skipped" "$chroot/cache/.skipped"
	# In a shell of its own, for errors to end the part and nothing else.
	set +e
	(
		set -e
		"part_${part//-/_}"
	)
	status=$?
	set -e
	case $status in
	0) result=passed ;;
	77) result="skipped: $(cat "$cache/.skipped" "$chroot/cache/.skipped" 2>/dev/null || true)" ;;
	*)
		result=FAILED
		failed=1
		;;
	esac
	results+=("$(printf '%-14s %4d s  %s' "$part" $((SECONDS - start)) "$result")")
done
say "results"
printf '    %s\n' "${results[@]}"
exit $failed
