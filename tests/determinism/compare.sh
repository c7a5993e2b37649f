#!/bin/sh
# Do two builds of p2pml_determinism (say by g++ and by clang) give the same digests?
#   tests/determinism/compare.sh build/dev/tests/determinism/p2pml_determinism build/clang/tests/determinism/p2pml_determinism [seeds]
set -eu
if [ $# -lt 2 ]; then
  echo "usage: $0 <p2pml_determinism> <p2pml_determinism> [seeds]" >&2
  exit 2
fi
first=$(mktemp)
second=$(mktemp)
trap 'rm -f "$first" "$second"' EXIT
"$1" "${3:-3}" >"$first"
"$2" "${3:-3}" >"$second"
if ! diff "$first" "$second"; then
  echo "the two builds differ" >&2
  exit 1
fi
echo "same: $(wc -l <"$first") digests"
