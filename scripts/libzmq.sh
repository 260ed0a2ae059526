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
# --with-libgssapi_krb5=no leave out. With --host=aarch64-linux-gnu, or another of
# Debian's, it is built for that architecture, with libraries of Debian's that are
# kept in PREFIX/sysroot.
#
# It does nothing if PREFIX was built with the same flags already. What it is
# built with is installed if it is missing and this is root, or sudo is there.
# The machine's apt sources stay as they are. The exit status is 3 if the archive
# does not have the source.
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

host=$(last '--host=*-linux-gnu')
host=${host#--host=}

# --- what it is built with ---

command -v apt-get >/dev/null || fail "this needs Debian or Ubuntu: there is no apt-get"

packages=(autoconf automake dpkg-dev g++ libc6-dev libtool make patch pkg-config)
libraries=()
with libsodium && libraries+=(libsodium-dev)
with pgm && libraries+=(libpgm-dev)
with norm && libraries+=(libnorm-dev)
with libgssapi_krb5 && libraries+=(libkrb5-dev)
with tls && libraries+=(libgnutls28-dev)
if [ -n "$host" ]; then
	packages+=("g++-${host//_/-}")
	libraries+=(libbsd-dev libmd-dev)
else
	packages+=("${libraries[@]}")
fi

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

# The same archives that the machine has its packages from, as source archives,
# and as those of the other architecture.
architecture=$(dpkg --print-architecture)
[ -z "$host" ] || architecture=$(dpkg-architecture -t "$host" -q DEB_HOST_ARCH)
keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.*' -o -name 'ubuntu-archive-keyring.gpg' | sort | head -n 1)
archives() {
	# shellcheck disable=SC2016 # apt-get replaces them
	apt-get indextargets --format '$(ORIGIN) $(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
		sort -u | while read -r origin site codename component; do
		case $origin in
		Debian | Ubuntu)
			echo "deb-src [signed-by=$keyring] $site $codename $component"
			[ -z "$host" ] || echo "deb [signed-by=$keyring] $site $codename $component"
			;;
		esac
	done
}
archives >"$tmp/sources.list"
if [ ! -s "$tmp/sources.list" ] && [ "$(id -u)" = 0 ]; then
	apt-get -q -o Acquire::Retries=3 update >/dev/null
	archives >"$tmp/sources.list"
fi
[ -s "$tmp/sources.list" ] || fail "apt-get has no archives of Debian or Ubuntu: apt-get update"
mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial" "$tmp/source"
private=(apt-get -q -o Acquire::Retries=3 -o Acquire::Languages=none -o "APT::Sandbox::User=$(id -un)"
	-o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"
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
"${private[@]}" source zeromq3 >>"$log" 2>&1 || {
	tail -n 5 "$log" >&2
	say "the archive does not have the source package" >&2
	exit 3
}
cd zeromq3-*/
say "building $(dpkg-parsechangelog -S Version) $*"

# --- the build ---

# Nothing of the system's libzmq may be found instead of its own.
unset PKG_CONFIG_PATH LD_LIBRARY_PATH
if [ -n "$host" ]; then
	sysroot=$prefix/sysroot
	rm -rf "$sysroot"
	mkdir "$tmp/packages"
	(cd "$tmp/packages" && run "${private[@]}" download "${libraries[@]}")
	for package in "$tmp"/packages/*.deb; do
		dpkg-deb -x "$package" "$sysroot"
	done
	export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$host/pkgconfig:$sysroot/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$sysroot
	export CPPFLAGS="-I$sysroot/usr/include ${CPPFLAGS-}" LDFLAGS="-L$sysroot/usr/lib/$host ${LDFLAGS-}"
	# What configure cannot find out, since it cannot run programs: it is Linux.
	for answer in efd_cloexec getrandom o_cloexec so_bindtodevice so_keepalive so_priority sock_cloexec \
		tcp_keepcnt tcp_keepidle tcp_keepintvl; do
		export "libzmq_cv_$answer=yes"
	done
	export ax_cv_func_posix_memalign_works=yes
	sed -i 's/\[libzmq_tipc_support=no\])$/[libzmq_tipc_support=yes])/' configure.ac
	flags=(--disable-drafts "${flags[@]}") # configure's default for others
fi
run autoreconf -fi
run ./configure --prefix="$prefix" --libdir="$prefix/lib" --disable-Werror --disable-perf --without-documentation "${flags[@]}"
run make -j"$(nproc)" src/libzmq.la
run make install-libLTLIBRARIES install-includeHEADERS install-pkgconfigDATA
echo "$asked" >"$prefix/.built"
say "built in $((SECONDS - start)) s: PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib"
