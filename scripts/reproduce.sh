#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds what release.sh builds again, from a copy of the tree in another folder,
# with another build cache and another libzmq, and compares the checksums.
#
#     scripts/reproduce.sh [FOLDER]    what release.sh has built: dist by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dist=$(cd "${1:-dist}" && pwd)
[ -f "$dist/SHA256SUMS" ] || {
	echo "reproduce: $dist has no SHA256SUMS: run make release" >&2
	exit 1
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/another/tree"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$tmp/another/tree"
GOCACHE=$tmp/gocache ZMQ4_CACHE=$tmp/cache "$tmp/another/tree/scripts/release.sh" "$tmp/dist"
(cd "$dist" && sha256sum --check --quiet SHA256SUMS)
diff "$dist/SHA256SUMS" "$tmp/dist/SHA256SUMS" || {
	echo "reproduce: the checksums differ" >&2
	exit 1
}
echo "reproduce: the same in two folders"
