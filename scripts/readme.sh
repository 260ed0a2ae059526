#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Follows README.md literally, in empty folders: each command of its blocks of
# shell, in their order, and its first program. The module and the tool come
# from a module proxy that has the last commit as the version that the tool requires,
# and the clone is one of that commit. Commands that cannot be run here are
# listed, with the reason, in skipped.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

module=github.com/seed45097122/zmq4
version=$(sed -n "s|^\t$module ||p" cmd/zmq4/go.mod)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

say() { printf '\n-- %s\n' "$*"; }
fail() {
	echo "readme: $*" >&2
	exit 1
}

# skipped prints why a command is not run, or nothing.
skipped() {
	case $1 in
	'make demo'*) ;;
	make\ *) echo "CI runs the targets, and some take minutes" ;;
	docker\ * | *' docker/'*) echo "make docker-test runs those" ;;
	apt-get\ * | apk\ * | brew\ * | dnf\ *) echo "the packages are there" ;;
	esac
}

# --- a user with nothing but Go, git and make ---

mkdir -p "$tmp/home" "$tmp/user"
cat >"$tmp/home/.gitconfig" <<END
[safe]
	directory = *
[url "file://$root"]
	insteadOf = https://$module
END
# What else is needed comes from where it comes from here.
proxies=file://$tmp/proxy,file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)
as_user=(env -i HOME="$tmp/home" PATH="$tmp/home/go/bin:$PATH" GOPROXY="$proxies" GONOSUMDB="$module" GOCACHE="$(go env GOCACHE)"
	GOMODCACHE="$tmp/modules" GOFLAGS=-modcacherw GOTOOLCHAIN="$(go env GOTOOLCHAIN)")
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE GOSUMDB; do
	[ -z "${!name-}" ] || as_user+=("$name=${!name}")
done

# publish puts a folder of the last commit into the proxy, without the modules in it.
publish() {
	local path=$1 folder=$2 versions=$tmp/proxy/$1/@v nested
	mkdir -p "$versions"
	mapfile -t nested < <(git ls-tree -r --name-only "HEAD:$folder" | sed -n 's|^\(.*\)/go\.mod$|:(exclude)\1|p')
	git archive --format=zip --prefix="$path@$version/" --output="$versions/$version.zip" "HEAD:$folder" -- . "${nested[@]}"
	git show "HEAD:${folder:+$folder/}go.mod" >"$versions/$version.mod"
	echo "$version" >"$versions/list"
	printf '{"Version": "%s"}\n' "$version" >"$versions/$version.info"
}
publish "$module" ""
publish "$module/cmd/zmq4" cmd/zmq4

# --- the commands ---

# program starts a module with the first program of the README.
program() {
	awk '/^```/ {on = 0} on; /^```go$/ && !n {getline; if (/^package main$/) {on = n = 1; print}}' "$root/README.md" >main.go
	[ -s main.go ] || fail "README.md has no program"
	rm -f go.mod go.sum
	"${as_user[@]}" go mod init example.org/user 2>/dev/null
}

# answers runs that program.
answers() {
	local answer
	answer=$("${as_user[@]}" go run .)
	[ "$answer" = "Hello, world" ] || fail "the program prints '$answer'"
	echo "$answer"
}

# follow runs the commands of a block in the folder where the last one ended.
folder=$tmp/user
follow() {
	local command why
	while read -r command; do
		case $command in '' | '#'*) continue ;; esac
		why=$(skipped "$command")
		if [ -n "$why" ]; then
			printf '# skipped: %s: %s\n' "$command" "$why"
			continue
		fi
		printf '$ %s\n' "$command"
		# shellcheck disable=SC2016 # the inner shell has the arguments
		(cd "$folder" && "${as_user[@]}" bash -euo pipefail -c 'eval "$1"; pwd >"$2"' bash "$command" "$tmp/pwd" </dev/null) ||
			fail "README.md: this fails: $command"
		folder=$(<"$tmp/pwd")
	done
}

(cd "$folder" && program)
blocks=$(grep -c '^```sh$' README.md)
for ((i = 1; i <= blocks; i++)); do
	block=$(awk -v n="$i" '/^```sh$/ {k++; on = 1; next} /^```/ {on = 0} on && k == n' README.md | sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}')
	say "README.md, block $i of $blocks"
	if [[ $block == *pebbe/zmq4* ]]; then
		# A program for pebbe/zmq4 moves here.
		mkdir "$tmp/pebbe$i"
		(
			folder=$tmp/pebbe$i
			cd "$folder"
			program
			sed -i.orig 's|"github.com/seed45097122/zmq4"|"github.com/pebbe/zmq4"|' main.go
			"${as_user[@]}" go mod edit -require=github.com/pebbe/zmq4@v1.4.0
			follow <<<"$block"
			"${as_user[@]}" go mod tidy
			answers
			grep -q seed45097122 go.mod || fail "the program still has pebbe/zmq4: $(<go.mod)"
		)
	else
		follow <<<"$block"
	fi
done

say "README.md, the program"
cd "$tmp/user"
"${as_user[@]}" go get "$module"
answers
echo "ok: README.md in $SECONDS s"
