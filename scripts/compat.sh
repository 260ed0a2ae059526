#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows that this package can stand in for github.com/pebbe/zmq4, which comes
# from the Go module proxy and is worked on in a temporary folder:
#
#   - nothing that it exports is missing here or has another type;
#   - its own test suite passes on this package, behind a replace directive
#     and with the import path rewritten;
#   - a program that calls all of it prints the same here, but for the lines
#     that docs/differences.md lists: see ctest/compat;
#   - go mod tidy and go mod vendor work in a module with that replace
#     directive, and what was vendored builds and runs;
#   - one program can have both, and their sockets understand each other.
set -euo pipefail

pebbe=github.com/pebbe/zmq4
version=v1.4.0
sum=h1:gO5P92Ayl8GXpPZdYcD62Cwbq0slSBVVQRIXwGSJ6eQ=
tests=19 # in its root package
apidiff=golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ours=$(cd "$root" && go list -m)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

say() { printf '\n-- %s\n' "$*"; }
fail() {
	echo "compat: $*" >&2
	exit 1
}

cd "$tmp"
export GOFLAGS=-buildvcs=false GOWORK=off
go mod download -json "$pebbe@$version" >download.json || fail "cannot download $pebbe: $(<download.json)"
field() { sed -n "s/^.*\"$1\": \"\(.*\)\".*\$/\1/p" download.json; }
[ "$(field Sum)" = "$sum" ] || fail "$pebbe $version has the checksum $(field Sum), not $sum"
cp -R "$(field Dir)" pebbe
chmod -R u+w pebbe
GOBIN=$tmp/bin go install "$apidiff"

# --- the API ---

# export_api writes the API of the module in folder $1, package $2, to file $3.
export_api() {
	(cd "$1" && "$tmp/bin/apidiff" -w "$3" "$2")
	[ -s "$3" ] || fail "apidiff wrote nothing for $1"
}

# incompatible prints what of pebbe's API file $1 lacks. apidiff itself exits
# with 0 whatever it finds.
incompatible() { "$tmp/bin/apidiff" -incompatible "$tmp/pebbe.api" "$1"; }

say "API of $pebbe $version against $ours"
export_api "$tmp/pebbe" "$pebbe" "$tmp/pebbe.api"
export_api "$root" "$ours" "$tmp/ours.api"
differences=$(incompatible "$tmp/ours.api")
if [ -n "$differences" ]; then
	echo "$differences" >&2
	fail "the API is not compatible: $(wc -l <<<"$differences") differences"
fi

# Would it have been seen? In a copy, one function is missing and one has
# another type.
mkdir less
cp "$root"/go.mod "$root"/*.go "$root"/*.h less
rm -f less/*_test.go
sed -i.orig -e 's/^func HasTipc()/func hasTipc()/' -e 's/^func HasGssapi() bool {/func HasGssapi(_ int) bool {/' less/zmq4.go
export_api "$tmp/less" "$ours" "$tmp/less.api"
differences=$(incompatible "$tmp/less.api")
for seen in 'HasTipc: removed' 'HasGssapi: changed'; do
	grep -q "$seen" <<<"$differences" || fail "apidiff does not see a difference that was made: $seen"
done
[ "$(wc -l <<<"$differences")" = 2 ] || fail "apidiff sees more than the two differences that were made: $differences"
echo "ok: no difference, and apidiff sees those that are made on purpose"

# --- what each call returns ---

say "all calls of $pebbe, with it and with $ours"
grep -qxF "$pebbe $version $sum" "$root/ctest/compat/go.sum" || fail "ctest/compat has another $pebbe"
(cd "$root/ctest/compat" && go test -count=1 -v . >"$tmp/calls.log" 2>&1) || {
	cat "$tmp/calls.log" >&2
	fail "docs/differences.md does not list what differs"
}
grep -E '^ +compat_test.go|^--- ' "$tmp/calls.log"
echo "ok: what each call returns differs where docs/differences.md says so, and nowhere else"

# --- pebbe's tests ---

# isolated runs a command where nobody else has the fixed ports that the tests
# bind, on all interfaces: in a network namespace, if this is root.
isolated() {
	if [ "$(id -u)" = 0 ] && unshare --net ip link set lo up 2>/dev/null; then
		# shellcheck disable=SC2016 # $@ is for the inner shell
		unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
	else
		"$@"
	fi
}

# run_tests builds and runs the tests in the current folder.
run_tests() {
	go vet .
	go test -c -o suite.test .
	isolated ./suite.test -test.v -test.count=1 -test.timeout=5m >suite.log 2>&1 || {
		cat suite.log >&2
		fail "pebbe's tests failed"
	}
	local passed
	passed=$(grep -c '^--- PASS: ' suite.log || true)
	if [ "$passed" != "$tests" ] || grep -q '^--- SKIP' suite.log; then
		cat suite.log >&2
		fail "$passed of $tests tests passed"
	fi
	grep '^--- ' suite.log
	echo "ok: $passed of $tests tests passed"
}

say "its tests behind: replace $pebbe => $ours"
mkdir -p replaced/hello
cp pebbe/*_test.go replaced
cat >replaced/hello/main.go <<END
// Hello sends one message through $pebbe.
package main

import (
	"fmt"
	"log"

	zmq "$pebbe"
)

func main() {
	a, err := zmq.NewSocket(zmq.PAIR)
	if err == nil {
		err = a.Bind("inproc://hello")
	}
	if err != nil {
		log.Fatal(err)
	}
	b, err := zmq.NewSocket(zmq.PAIR)
	if err == nil {
		err = b.Connect("inproc://hello")
	}
	if err == nil {
		_, err = b.SendMessage("hello", 42)
	}
	if err != nil {
		log.Fatal(err)
	}
	msg, err := a.RecvMessage(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(msg)
}
END
(
	cd replaced
	go mod init example.org/replaced 2>/dev/null
	go mod edit -require="$pebbe@$version" -replace="$pebbe=$root"
	run_tests

	say "go mod tidy, go mod vendor"
	go mod tidy
	grep -q "^require $pebbe $version\$" go.mod || fail "go mod tidy changed the requirement: $(<go.mod)"
	[ ! -s go.sum ] || fail "the package pulls in other modules: $(<go.sum)"
	go mod vendor
	for header in "$root"/*.h; do
		[ -f "vendor/$pebbe/${header##*/}" ] || fail "go mod vendor left ${header##*/} behind"
	done
	go vet -mod=vendor ./...
	go build -mod=vendor -o hello.out ./hello
	output=$(./hello.out)
	[ "$output" = "[hello 42]" ] || fail "the vendored program printed: $output"
	echo "ok: tidy, vendor, and a program built with what was vendored"
)

say "its tests with the import path rewritten to $ours"
mkdir rewritten
cp pebbe/*_test.go rewritten
sed -i.orig "s|\"$pebbe\"|\"$ours\"|" rewritten/*_test.go
(
	cd rewritten
	go mod init example.org/rewritten 2>/dev/null
	go mod edit -require="$ours@v0.0.0" -replace="$ours=$root"
	run_tests
)

say "both in one program"
mkdir both
cat >both/main.go <<END
// Both sends a message from each package to the other one.
package main

import (
	"fmt"
	"log"

	pebbe "$pebbe"
	ours "$ours"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	a, err := ours.NewSocket(ours.PAIR)
	must(err)
	must(a.Bind("tcp://127.0.0.1:*"))
	endpoint, err := a.GetLastEndpoint()
	must(err)
	b, err := pebbe.NewSocket(pebbe.PAIR)
	must(err)
	must(b.Connect(endpoint))
	_, err = b.SendMessage("from", "pebbe")
	must(err)
	there, err := a.RecvMessage(0)
	must(err)
	_, err = a.SendMessage("from", "ours")
	must(err)
	back, err := b.RecvMessage(0)
	must(err)
	fmt.Println(there, back)
}
END
(
	cd both
	go mod init example.org/both 2>/dev/null
	go mod edit -require="$pebbe@$version" -replace="$pebbe=$tmp/pebbe"
	go mod edit -require="$ours@v0.0.0" -replace="$ours=$root"
	go build -o both.out .
	output=$(./both.out)
	[ "$output" = "[from pebbe] [from ours]" ] || fail "the program printed: $output"
	echo "ok: they link, and talk to each other"
)
