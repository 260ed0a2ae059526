#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds libzmq from Debian's or Ubuntu's source package and installs it under
# a folder, apart from the system's own: shared and static library, headers and
# lib/pkgconfig/libzmq.pc.
#
#     scripts/libzmq.sh PREFIX [configure flags...]
#
# for example
#
#     scripts/libzmq.sh ~/.cache/zmq4/drafts --enable-drafts
#     export PKG_CONFIG_PATH=~/.cache/zmq4/drafts/lib/pkgconfig
#     export LD_LIBRARY_PATH=~/.cache/zmq4/drafts/lib
#
# Flags that are not given are those of Debian's package: curve by libsodium,
# pgm, norm and gssapi, which --without-pgm, --with-norm=no and
# --with-libgssapi_krb5=no leave out.
#
# It does nothing if PREFIX was built with the same flags already. What it is
# built with is installed if it is missing and this is root, or sudo is there.
# The machine's apt sources stay as they are.
set -euo pipefail

[ $# -ge 1 ] || {
	sed -n '4,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
}
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
shift

say() { printf 'libzmq: %s\n' "$*"; }
fail() {
	say "$@" >&2
	exit 1
}

flags=(--with-libsodium --with-pgm --with-norm=yes --with-libgssapi_krb5=yes "$@")
asked="${flags[*]}"
if [ -f "$prefix/.built" ] && [ "$(<"$prefix/.built")" = "$asked" ]; then
	say "$prefix has it already"
	exit 0
fi
rm -f "$prefix/.built"

# last tells what the last of the flags says that the pattern matches.
last() {
	local flag found=
	for flag in "${flags[@]}"; do
		# shellcheck disable=SC2254 # it is a pattern
		case $flag in $1) found=$flag ;; esac
	done
	echo "$found"
}
with() { case $(last "--with*-$1*") in --without-* | *=no | '') return 1 ;; esac }

# --- what it is built with ---

command -v apt-get >/dev/null || fail "this needs Debian or Ubuntu: there is no apt-get"

packages=(autoconf automake dpkg-dev g++ libc6-dev libtool make patch pkg-config)
with libsodium && packages+=(libsodium-dev)
with pgm && packages+=(libpgm-dev)
with norm && packages+=(libnorm-dev)
with libgssapi_krb5 && packages+=(libkrb5-dev)
with tls && packages+=(libgnutls28-dev)

missing=()
for package in "${packages[@]}"; do
	dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	as_root=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || fail "please install: ${missing[*]}"
		as_root=(sudo)
	fi
	say "installing ${missing[*]}"
	apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
	"${as_root[@]}" "${apt[@]}" update >/dev/null
	"${as_root[@]}" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# --- the source ---

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
start=$SECONDS

# The same archives that the machine has its packages from, as source archives.
keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.*' -o -name 'ubuntu-archive-keyring.gpg' | sort | head -n 1)
# shellcheck disable=SC2016 # apt-get replaces them
apt-get indextargets --format '$(ORIGIN) $(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
	sort -u | while read -r origin site codename component; do
	case $origin in
	Debian | Ubuntu) echo "deb-src [signed-by=$keyring] $site $codename $component" ;;
	esac
done >"$tmp/sources.list"
[ -s "$tmp/sources.list" ] || fail "apt-get has no archives of Debian or Ubuntu: apt-get update"
mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial" "$tmp/source"
private=(apt-get -q -o Acquire::Retries=3 -o "APT::Sandbox::User=$(id -un)"
	-o "Dir::Etc::sourcelist=$tmp/sources.list" -o Dir::Etc::sourceparts=-
	-o "Dir::State::lists=$tmp/lists" -o "Dir::Cache=$tmp/cache")
log=$prefix/build.log
run() {
	"$@" >>"$log" 2>&1 || {
		tail -n 40 "$log" >&2
		fail "failed, see $log: $*"
	}
}

: >"$log"
run "${private[@]}" update
cd "$tmp/source"
run "${private[@]}" source zeromq3
cd zeromq3-*/
say "building $(dpkg-parsechangelog -S Version) $*"

# --- the build ---

# Nothing of the system's libzmq may be found instead of its own.
unset PKG_CONFIG_PATH LD_LIBRARY_PATH
run autoreconf -fi
run ./configure --prefix="$prefix" --libdir="$prefix/lib" --disable-Werror --disable-perf --without-documentation "${flags[@]}"
run make -j"$(nproc)" src/libzmq.la
run make install-libLTLIBRARIES install-includeHEADERS install-pkgconfigDATA
echo "$asked" >"$prefix/.built"
say "built in $((SECONDS - start)) s: PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib"
