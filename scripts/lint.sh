#!/usr/bin/env bash
# Style: clang-format 14 changes nothing, and clang-tidy 22 finds nothing by .clang-tidy. scripts/lint.sh [FILE...], default every
# source that git tracks under src, apps and fuzz. The last line is "N passed, M failed", counted in files.
set -u
cd "$(dirname "$0")/.."
scripts/install.sh build test clang lint || exit 1

if [ $# -gt 0 ]; then
  files=("$@")
else
  mapfile -t files < <(git ls-files 'src/*.cpp' 'src/*.hpp' 'apps/*.cpp' 'apps/*.hpp' 'fuzz/*.cpp')
fi
cmake --preset clang >/dev/null || exit 1
# What sources include and the build makes.
ninja -C build/clang p2pml_embedded >/dev/null || exit 1

check() {  # FILE: formatted, and for a source also clean to clang-tidy; one line of verdict, after what was found
  local found
  found=$(clang-format --dry-run -Werror "$1" 2>&1) || { echo "$found"; echo "FAILED $1"; return; }
  case $1 in
    *.cpp) found=$(clang-tidy-22 --quiet -p build/clang --warnings-as-errors='*' "$1" 2>&1) || { echo "$found"; echo "FAILED $1"; return; } ;;
  esac
  echo "passed $1"
}
export -f check
mkdir -p build/test-logs
log=build/test-logs/lint-files.log
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check "$0"' >"$log"
grep -v '^passed ' "$log"
failed=$(grep -c '^FAILED ' "$log")
passed=$(grep -c '^passed ' "$log")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq ${#files[@]} ]
