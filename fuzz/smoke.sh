#!/usr/bin/env bash
# Runs every fuzz target that is built, sharing the given time, from the seeds in fuzz/corpus. Nothing is written to the source tree.
#
#   fuzz/smoke.sh BUILD_DIR TOTAL_SECONDS      e.g. fuzz/smoke.sh build/asan 60
#
# One line a target, then "N passed, M failed"; exit status 1 if any failed. Inputs that break a target are kept in
# BUILD_DIR/fuzz/findings with the target's output.
set -u

if [ $# -ne 2 ] || ! [[ $2 =~ ^[0-9]+$ ]]; then
  echo "usage: $0 BUILD_DIR TOTAL_SECONDS" >&2
  exit 2
fi
build=$(cd "$1" 2>/dev/null && pwd) || { echo "$0: $1: no such folder" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
if ! grep -q '^P2PML_FUZZ:[A-Z]*=ON$' "$build/CMakeCache.txt" 2>/dev/null; then
  echo "$0: $1: not configured with P2PML_FUZZ=ON (preset asan is)" >&2
  exit 2
fi

shopt -s nullglob
targets=()
for program in "$build"/fuzz/p2pml_*_fuzz; do
  [ -x "$program" ] && targets+=("$program")
done
if [ ${#targets[@]} -eq 0 ]; then
  echo "$0: $1: no fuzz target is built" >&2
  exit 2
fi

seconds=$(($2 / ${#targets[@]}))
[ "$seconds" -ge 1 ] || seconds=1
findings=$build/fuzz/findings
mkdir -p "$findings"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0
for program in "${targets[@]}"; do
  name=$(basename "$program")
  name=${name#p2pml_}
  name=${name%_fuzz}
  seeds=$here/corpus/$name
  arguments=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/$name-")
  [ -f "$here/dict/$name.dict" ] && arguments+=(-dict="$here/dict/$name.dict")
  mkdir -p "$work/$name"
  folders=("$work/$name")
  [ -d "$seeds" ] && folders+=("$seeds")
  log=$findings/$name.log
  if "$program" "${arguments[@]}" "${folders[@]}" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$name: passed, ${runs:-?} inputs in $seconds s"
    rm -f "$log"
    passed=$((passed + 1))
  else
    echo "$name: FAILED, see $log"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
