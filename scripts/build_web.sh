#!/usr/bin/env bash
# Builds js/dist, and installs the npm packages that pages of tests, benchmarks and the example load. Needs the groups "wasm" and
# "interop" of scripts/debian-packages.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
install=(npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)

cmake --preset wasm >/dev/null
ninja -C build/wasm -j "$(nproc)" >/dev/null
(cd tests/interop && "${install[@]}" >/dev/null)
(cd js && "${install[@]}" >/dev/null && node build.mjs)
