#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds all images, runs them, runs what compose.yml has, and looks at what
# comes out. Base images that the Docker Engine has not got and cannot pull are
# replaced by offline.sh's.
#
# Where no engine runs it says that it is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! docker info >/dev/null 2>&1; then
	echo "docker-test: skipped: no Docker Engine runs here"
	exit 0
fi

say() { printf '\n-- %s\n' "$*"; }
fail() {
	echo "docker-test: $*" >&2
	exit 1
}

if docker compose version >/dev/null 2>&1; then
	compose=(docker compose)
elif command -v docker-compose >/dev/null; then
	compose=(docker-compose)
else
	fail "there is an engine, but no docker compose"
fi
compose+=(--file docker/compose.yml --project-name zmq4-test)

tmp=$(mktemp -d)
cleanup() {
	"${compose[@]}" down --volumes --timeout 2 >/dev/null 2>&1 || true
	rm -rf "$tmp"
}
trap cleanup EXIT

# --- the images ---

network=()
mapfile -t bases < <(sed -n 's/^FROM \([a-z]*:[^ ]*\).*/\1/p' docker/Dockerfile docker/*.Dockerfile | sort -u)
for image in "${bases[@]}"; do
	if ! docker image inspect "$image" >/dev/null 2>&1 &&
		! timeout 600 docker pull --quiet "$image" >"$tmp/pull" 2>&1; then
		say "$image cannot be pulled"
		docker/offline.sh
	fi
	if [ -n "$(docker image ls --quiet --filter label=stand-in "$image")" ]; then
		echo "$image is a stand-in of this machine"
		network=(--network=host)
	fi
done

# build makes an image; its arguments are those of docker build.
build() {
	local start=$SECONDS
	docker build --quiet "${network[@]}" "$@" . >"$tmp/build" 2>&1 || {
		cat "$tmp/build" >&2
		fail "docker build $* failed"
	}
	echo "built in $((SECONDS - start)) s: $*"
}

# expect runs a command, and looks for a pattern in what it prints.
expect() {
	local pattern=$1
	shift
	"$@" >"$tmp/out" 2>&1 || {
		cat "$tmp/out" >&2
		fail "failed: $*"
	}
	grep -E -- "$pattern" "$tmp/out" | tail -n 1 || {
		cat "$tmp/out" >&2
		fail "no line is like '$pattern': $*"
	}
}

say "build the images"
build --file docker/Dockerfile --tag zmq4-build:4.3.4
build --file docker/program.Dockerfile --tag zmq4-demo
build --file docker/static.Dockerfile --tag zmq4-static

say "none runs as root, all have labels"
for image in zmq4-build:4.3.4 zmq4-demo zmq4-static; do
	user=$(docker image inspect --format '{{.Config.User}}' "$image")
	title=$(docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.title"}}' "$image")
	case $user in '' | root* | 0*) fail "$image runs as '$user'" ;; esac
	[ "$title" = "${image%%:*}" ] || fail "$image is called '$title'"
	echo "$image: user $user, $(docker image inspect --format '{{.Size}}' "$image" | awk '{printf "%d MB", $1/1e6}')"
done

say "a module of the user's own, in the build image"
mkdir "$tmp/user"
cat >"$tmp/user/main.go" <<'END'
package main

import (
	"fmt"

	"github.com/seed45097122/zmq4"
)

func main() { fmt.Println(zmq4.HasPgm(), zmq4.HasNorm(), zmq4.HasCurve()) }
END
cat >"$tmp/user/go.mod" <<'END'
module example.org/user

go 1.25

require github.com/seed45097122/zmq4 v0.0.0

replace github.com/seed45097122/zmq4 => /zmq4
END
expect '^true true true$' docker run --rm --user "$(id -u):$(id -g)" --volume "$tmp/user":/src --volume "$PWD":/zmq4:ro \
	zmq4-build:4.3.4 sh -c 'go build -o program . && ./program'
[ -x "$tmp/user/program" ] || fail "there is no program outside of the container"

say "the images with a program"
expect ' 0 failed, 0 skipped' docker run --rm --read-only --tmpfs /tmp --cap-drop ALL zmq4-demo demo -n 1000
expect ' 0 failed, 0 skipped' docker run --rm --read-only --tmpfs /tmp --cap-drop ALL zmq4-static -n 1000

# --- the containers together ---

say "compose"
"${compose[@]}" down --volumes --timeout 2 >/dev/null 2>&1 || true
start=$SECONDS
"${compose[@]}" up --detach --no-build >"$tmp/up" 2>&1 || {
	cat "$tmp/up" >&2
	"${compose[@]}" ps >&2
	"${compose[@]}" logs --no-color >&2
	fail "docker compose up failed"
}

# ended prints the exit code of a service when it has ended.
ended() { timeout 120 docker wait "$("${compose[@]}" ps --all --quiet "$1" 2>/dev/null || "${compose[@]}" ps --quiet "$1")"; }

# log prints what a service has written.
log() { "${compose[@]}" logs --no-color "$1" | sed 's/^[^|]*| //'; }

# check looks at how a service ended, and for a pattern in what it has written.
check() {
	local code line
	code=$(ended "$1") || code=none
	line=$(log "$1" | grep -E -- "$3" | tail -n 1) || true
	if [ "$code" != "$2" ] || [ -z "$line" ]; then
		log "$1" >&2
		fail "$1: exit code $code, want $2; and a line like '$3'"
	fi
	echo "$1: $line"
}

check epgm-pub 0 'sent 1000 messages'
check epgm-sub1 0 '^received 1000, lost 0 in 0 gaps'
check epgm-sub2 0 '^received 1000, lost 0 in 0 gaps'
check norm-pub 0 'sent 1000 messages'
check norm-sub1 0 '^received 1000, lost 0 in 0 gaps'
check norm-sub2 0 '^received 1000, lost 0 in 0 gaps'
check subscriber1 0 '^received 20$'
check subscriber2 0 '^received 20$'
check stranger 1 'refused: .*ZAP status 400'
expect healthy docker inspect --format '{{.State.Health.Status}}' "$("${compose[@]}" ps --quiet broker)"
"${compose[@]}" stop --timeout 10 publisher broker >/dev/null 2>&1
check publisher 0 ''
check broker 0 '^ready$'
printf '\ndocker-test: ok: compose took %d s, all %d s\n' $((SECONDS - start)) "$SECONDS"
