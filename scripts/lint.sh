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

passed=0
failed=0
check() {  # FILE: formatted, and for a source also clean to clang-tidy
  clang-format --dry-run -Werror "$1" || return 1
  case $1 in
    *.cpp) clang-tidy-22 --quiet -p build/clang --warnings-as-errors='*' "$1" 2>&1 | grep -v ' warnings generated\.$' ; return "${PIPESTATUS[0]}" ;;
  esac
}
for file in "${files[@]}"; do
  if check "$file"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
