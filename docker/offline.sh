#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes stand-ins for the images that the Dockerfiles start from, on a machine
# whose Docker Engine cannot pull: Debian by debootstrap, and the same with a
# compiler and this machine's Go. They get the tags of the real images, and a
# label that says what they are.
#
#     docker/offline.sh            make those that are missing
#     docker/offline.sh --remove   remove those that it has made
#
# It needs root, debootstrap and Go. Packages come from where this machine's
# apt has them; the images carry its apt settings and certificates, so that
# builds in them find the same. They are for this machine: do not push them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

label=stand-in
say() { printf 'offline: %s\n' "$*"; }
fail() {
	say "$@" >&2
	exit 1
}

docker info >/dev/null 2>&1 || fail "no Docker Engine runs here"

if [ "${1-}" = --remove ]; then
	docker image ls --quiet --filter "label=$label" | sort -u | xargs --no-run-if-empty docker image rm --force
	exit 0
fi
[ $# = 0 ] || fail "usage: docker/offline.sh [--remove]"

# base prints the image that the Dockerfiles name and that begins with $1.
base() {
	local found
	found=$(sed -n "s/^FROM \($1:[^ ]*\).*/\1/p" Dockerfile ./*.Dockerfile | sort -u)
	[ "$(wc -l <<<"$found")" = 1 ] || fail "the Dockerfiles name more than one image of $1:" "$found"
	echo "$found"
}
debian=$(base debian)
golang=$(base golang)

have() { docker image inspect "$1" >/dev/null 2>&1; }

if have "$debian" && have "$golang"; then
	say "$debian and $golang are there"
	exit 0
fi

[ "$(id -u)" = 0 ] || fail "this needs root"
command -v debootstrap >/dev/null || fail "this needs debootstrap: apt-get install debootstrap"
command -v go >/dev/null || fail "this needs Go"

tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT

if ! have "$debian"; then
	say "$debian"
	# The archive of this machine's own packages.
	# shellcheck disable=SC2016 # apt-get replaces them
	archive=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' 'Origin: Debian' |
		sed -n 's/ bookworm$//p' | head -n 1)
	[ -n "$archive" ] || fail "apt-get knows no archive of Debian bookworm: apt-get update"
	debootstrap --variant=minbase --include=ca-certificates bookworm "$tmp/root" "$archive" >"$tmp/log" 2>&1 || {
		tail -n 20 "$tmp/log" >&2
		fail "debootstrap failed"
	}
	rm -rf "$tmp"/root/var/cache/apt/archives/*.deb "$tmp"/root/var/lib/apt/lists/*
	rm -f "$tmp/root/etc/apt/sources.list"
	for settings in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/apt.conf.d/[0-9]*; do
		case $settings in *packagekit | *appstream | *debconf) continue ;; esac
		if [ -f "$settings" ]; then cp "$settings" "$tmp/root$settings"; fi
	done
	cp -L /etc/ssl/certs/ca-certificates.crt "$tmp/root/etc/ssl/certs/"
	tar -C "$tmp/root" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c . |
		docker import --change 'CMD ["bash"]' --change "LABEL $label=debootstrap" \
			--message "stand-in made by debootstrap" - "$debian" >/dev/null
fi

if ! have "$golang"; then
	say "$golang: $(go env GOVERSION)"
	case $golang in
	golang:"$(go env GOVERSION | sed 's/^go//')"-*) ;;
	*) say "note: that is not the version of the tag" ;;
	esac
	# No network of its own: what this machine reaches, builds reach too.
	docker build --quiet --network=host --tag "$golang" --file - "$(go env GOROOT)" <<-END >/dev/null
		FROM $debian
		RUN apt-get update && apt-get install -y --no-install-recommends g++ gcc git libc6-dev make pkg-config \\
		    && rm -rf /var/lib/apt/lists/*
		COPY . /usr/local/go
		ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
		    GOPATH=/go GOTOOLCHAIN=local GOPROXY=$(go env GOPROXY) GOSUMDB=$(go env GOSUMDB)
		RUN mkdir -p -m 1777 /go/src /go/bin
		WORKDIR /go
		LABEL $label=debootstrap
	END
fi
say "made; docker image ls --filter label=$label"
