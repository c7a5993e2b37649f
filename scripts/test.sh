#!/usr/bin/env bash
# Runs the test stages in order and sums them up: scripts/test.sh [STAGE...], default all up to players.
#
#   dev          g++: build everything, all tests
#   asan         clang-22 with address and undefined behaviour sanitizers: all tests, then a minute of fuzzing
#   tsan         clang-22 with the thread sanitizer: the tests of what has threads (native adapters, API, seeds of `p2pml sim`)
#   determinism  the simulations' digests are equal between g++ and clang-22
#   wasm         clang-22 for WebAssembly: the tests of the pure rooms and of the simulator under node, digests equal to
#                native, and the browser's module by itself
#   web          the browser drop-in: JavaScript around the module, type declarations, sizes, pages in real Chromium; the gateway's page
#   manifests    the corpus of HLS and DASH manifests, read by `p2pml probe` and by npm's parsers
#   interop      tests against the real npm packages, in real Chromium; with P2PML_INTEROP=all every combination
#   players      players through the gateway and directly, on two short streams; with P2PML_PLAYERS=all every player and stream,
#                live ones for ten minutes, and the players of the group "players" are installed; then all faults of
#                tests/gateway/faults_test.py
#   clang        clang-22 without sanitizers: all tests
#   lint         clang-format and clang-tidy
#
# A stage that fails does not hide the others. What a stage prints is in build/test-logs/STAGE.log; of a failed one the end is shown
# here. Exit status 1 if anything failed; the last line is "N passed, M failed".
#
# A stage reports by `count PASSED FAILED` (any number of times) and `skip REASON`; one that ends non-zero without a failure
# counted, e.g. because it did not build, counts as one failure.
set -u
cd "$(dirname "$0")/.." || exit 1

export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$PWD
# Reports of libraries that are not ours and not instrumented can be silenced by name in these files.
suppressions() { [ -f "tests/sanitizers/$1.supp" ] && echo ":suppressions=$PWD/tests/sanitizers/$1.supp"; }
export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1"
export LSAN_OPTIONS="print_suppressions=0$(suppressions lsan)"
export UBSAN_OPTIONS="print_stacktrace=1"
export TSAN_OPTIONS="second_deadlock_stack=1$(suppressions tsan)"

jobs=$(nproc)
fuzz_seconds=${P2PML_FUZZ_SECONDS:-60}
logs=build/test-logs
mkdir -p "$logs"

count() { echo "count $1 $2" >>"$report"; }
skip() { echo "skip $*" >>"$report"; }

configure_and_build() {  # PRESET [TARGET...]
  local preset=$1
  shift
  cmake --preset "$preset" && ninja -C "build/$preset" -j "$jobs" "$@"
}

run_ctest() {  # PRESET CTEST-ARGUMENT...
  local preset=$1 junit=$PWD/$logs/$1-junit.xml status
  shift
  rm -f "$junit"
  ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error --output-junit "$junit" "$@"
  status=$?
  if [ -f "$junit" ]; then
    # <testsuite name=... tests="12" failures="1" disabled="0" skipped="2" ...>: one attribute a line or all in one.
    local head tests failures disabled skipped
    head=$(tr '\n' ' ' <"$junit" | grep -o '<testsuite [^>]*>' | head -n 1)
    attribute() { sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" <<<"$head"; }
    tests=$(attribute tests) failures=$(attribute failures) disabled=$(attribute disabled) skipped=$(attribute skipped)
    count $((${tests:-0} - ${failures:-0} - ${disabled:-0} - ${skipped:-0})) "${failures:-0}"
  fi
  return $status
}

# Fuzzing and scripts close with "N passed, M failed".
count_last_line() {
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1)
  [ -n "$line" ] && count "$(cut -d' ' -f1 <<<"$line")" "$(cut -d' ' -f3 <<<"$line")"
}

stage_dev() {
  scripts/install.sh build test && configure_and_build dev && run_ctest dev -LE '^interop$'
}

stage_clang() {
  scripts/install.sh build test clang && configure_and_build clang && run_ctest clang -LE '^interop$'
}

stage_asan() {
  scripts/install.sh build test clang && configure_and_build asan || return 1
  local status=0
  run_ctest asan -LE '^interop$' || status=1
  fuzz/smoke.sh build/asan "$fuzz_seconds" >"$logs/fuzz.log" 2>&1 || status=1
  cat "$logs/fuzz.log"
  count_last_line "$logs/fuzz.log"
  return $status
}

stage_tsan() {
  scripts/install.sh build test clang && cmake --preset tsan || return 1
  local targets=(p2pml_platform_native_test p2pml_api_test p2pml_platform_sim_lab_test)
  ninja -C build/tsan -j "$jobs" "${targets[@]}" || return 1
  local status=0
  run_ctest tsan -L '^(platform_native|api)$' || status=1
  run_ctest tsan -R '^Seeds\.' || status=1
  return $status
}

# Node's test runner closes with "# pass N" or "ℹ pass N" by its reporter.
count_node_tests() {
  local passed failed
  sum_of() { sed -nE "s/^(#|ℹ) $2 ([0-9]+)\$/\2/p" "$1" | awk '{n += $1} END {print n + 0}'; }
  passed=$(sum_of "$1" pass) failed=$(sum_of "$1" fail)
  count "$passed" "$failed"
  [ "$passed" -ne 0 ] || [ "$failed" -ne 0 ]
}

# Lines "SCENARIO SEED DIGEST" of two builds: fails if they differ, or if there are none.
count_digests() {
  local total different
  total=$(wc -l <"$1")
  if [ "$total" -eq 0 ]; then
    echo "p2pml_determinism printed nothing"
    return 1
  fi
  different=$(diff "$1" "$2" | tee /dev/stderr | grep -c '^[<>]')
  different=$(((different + 1) / 2))
  count $((total - different)) "$different"
  [ "$different" -eq 0 ]
}

# tests/determinism has the target p2pml_determinism: it prints one line "SCENARIO SEED DIGEST" a simulation.
stage_determinism() {
  if [ ! -f tests/determinism/CMakeLists.txt ]; then
    skip "tests/determinism has no CMakeLists.txt yet"
    return 0
  fi
  scripts/install.sh build test clang || return 1
  local preset program
  for preset in dev asan; do
    configure_and_build "$preset" p2pml_determinism || return 1
    program=$(find "build/$preset" -name p2pml_determinism -type f -perm -u+x | head -n 1)
    "$program" >"$logs/digests-$preset.txt" || return 1
  done
  count_digests "$logs/digests-dev.txt" "$logs/digests-asan.txt"
}

stage_wasm() {
  scripts/install.sh build wasm test interop || return 1
  local status=0
  configure_and_build wasm-dev || return 1
  find build/wasm-dev -name 'p2pml_*_test.wasm' -print0 | sort -z |
    xargs -0 node tests/wasm/run_programs.mjs >"$logs/wasm-programs.log" 2>&1 || status=1
  cat "$logs/wasm-programs.log"
  count_last_line "$logs/wasm-programs.log"

  configure_and_build dev p2pml_determinism || return 1
  find build/dev -name p2pml_determinism -type f -perm -u+x -exec {} 1 \; >"$logs/digests-dev.txt" || status=1
  node --no-warnings tests/wasm/run_program.mjs build/wasm-dev/tests/determinism/p2pml_determinism.wasm 1 \
    >"$logs/digests-wasm.txt" || status=1
  count_digests "$logs/digests-dev.txt" "$logs/digests-wasm.txt" || status=1

  configure_and_build wasm || return 1
  local module
  for module in p2pml p2pml-g0; do
    P2PML_WASM=build/wasm/$module.wasm node --test tests/wasm/*.test.mjs || status=1
  done >"$logs/wasm-module.log" 2>&1
  cat "$logs/wasm-module.log"
  count_node_tests "$logs/wasm-module.log" || status=1
  return $status
}

stage_interop() {
  if [ ! -f tests/interop/package.json ]; then
    skip "tests/interop has no package.json yet"
    return 0
  fi
  scripts/install.sh build test media interop && configure_and_build dev || return 1
  local status limit=300
  [ "${P2PML_INTEROP:-}" != all ] || limit=1200
  (
    cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund &&
      P2PML_BUILD_DIR="$OLDPWD/build/dev" timeout --kill-after=10 $limit npm test
  ) >"$logs/node.log" 2>&1
  status=$?
  cat "$logs/node.log"
  [ $status -ne 124 ] || echo "interop: ended after $limit s"
  count_node_tests "$logs/node.log" || return 1
  return $status
}

stage_players() {
  local groups=(build test media interop) arguments=(--quick) status=0
  if [ "${P2PML_PLAYERS:-}" = all ]; then groups+=(players) arguments=(); fi
  scripts/install.sh "${groups[@]}" && configure_and_build dev p2pml || return 1
  (cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund) || return 1
  python3 tests/gateway/player_matrix.py --program build/dev/p2pml --samples samples/hls --report "$logs/players.md" "${arguments[@]}" \
    >"$logs/player-matrix.log" 2>&1 || status=1
  cat "$logs/player-matrix.log"
  count_last_line "$logs/player-matrix.log" || return 1
  if [ "${P2PML_PLAYERS:-}" = all ]; then
    python3 tests/gateway/faults_test.py --program build/dev/p2pml --all --report "$logs/faults.md" >"$logs/gateway-faults.log" 2>&1 || status=1
    cat "$logs/gateway-faults.log"
    count_last_line "$logs/gateway-faults.log" || return 1
  fi
  return $status
}

stage_web() {
  scripts/install.sh build page wasm test interop && scripts/build_page.sh && configure_and_build dev p2pml || return 1
  local status=0
  (cd apps/p2pml/page && npm test) >"$logs/page.log" 2>&1 || status=1
  cat "$logs/page.log"
  count_node_tests "$logs/page.log" || status=1
  scripts/build_web.sh && (cd js && npm run types && npm run size) || return 1
  (cd js && npm test) >"$logs/js.log" 2>&1 || status=1
  cat "$logs/js.log"
  count_node_tests "$logs/js.log" || status=1
  P2PML_BUILD_DIR="$PWD/build/dev" timeout --kill-after=10 600 node --test tests/web/*.test.mjs >"$logs/web-pages.log" 2>&1 || status=1
  cat "$logs/web-pages.log"
  count_node_tests "$logs/web-pages.log" || status=1
  return $status
}

# Every fault scenario with P2PML_SIM_SEEDS seeds and both policies; the cooperative one beside its twin without P2P. The
# seed's rules, which classic keeps, promise nothing of that kind (docs/scheduling.md).
stage_sim() {
  scripts/install.sh build && cmake --preset release && ninja -C build/release -j "$jobs" p2pml || return 1
  local status=0 policy twin
  for policy in classic cooperative; do
    twin=$([ $policy = classic ] || echo --twin)
    # shellcheck disable=SC2086
    build/release/p2pml sim --tag faults --seeds "1..${P2PML_SIM_SEEDS:-100}" $twin --jobs "$jobs" \
      --set schedulingPolicy=$policy >"$logs/sim-seeds-$policy.log" 2>&1 || status=1
    cat "$logs/sim-seeds-$policy.log"
    count_last_line "$logs/sim-seeds-$policy.log"
  done
  return $status
}

stage_manifests() {
  scripts/install.sh build test interop && configure_and_build dev p2pml || return 1
  local status=0
  (
    cd tests/manifests && npm ci --ignore-scripts --no-audit --no-fund &&
      P2PML_BUILD_DIR="$OLDPWD/build/dev" timeout --kill-after=10 300 npm test
  ) >"$logs/manifests-node.log" 2>&1 || status=1
  cat "$logs/manifests-node.log"
  count_node_tests "$logs/manifests-node.log" || return 1
  return $status
}

stage_lint() {
  scripts/lint.sh >"$logs/lint-files.log" 2>&1
  local status=$?
  cat "$logs/lint-files.log"
  count_last_line "$logs/lint-files.log"
  return $status
}

known="dev asan tsan determinism wasm web manifests interop players clang sim lint"
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(dev asan tsan determinism wasm web manifests interop players)
for stage in "${stages[@]}"; do
  if ! [[ " $known " == *" $stage "* ]]; then
    echo "$0: no stage \"$stage\", expected some of: $known" >&2
    exit 2
  fi
done

summary=()
all_passed=0
all_failed=0
for stage in "${stages[@]}"; do
  log=$logs/$stage.log
  report=$logs/$stage.report
  : >"$report"
  echo "== $stage"
  start=$SECONDS
  "stage_$stage" >"$log" 2>&1
  status=$?
  took=$((SECONDS - start))
  read -r passed failed < <(awk '$1 == "count" {p += $2; f += $3} END {print p + 0, f + 0}' "$report")
  if [ $status -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  skipped=$(sed -n 's/^skip //p' "$report" | paste -sd';')
  if [ "$failed" -ne 0 ]; then
    tail -n 80 "$log"
    echo "-- all of it: $log"
  fi
  line=$(printf '%-12s %5d passed %4d failed %5d s' "$stage" "$passed" "$failed" "$took")
  [ -z "$skipped" ] || line=$(printf '%-12s skipped: %s' "$stage" "$skipped")
  echo "$line"
  summary+=("$line")
  all_passed=$((all_passed + passed))
  all_failed=$((all_failed + failed))
done

echo
echo "== summary"
printf '%s\n' "${summary[@]}"
echo "$all_passed passed, $all_failed failed"
[ "$all_failed" -eq 0 ]
