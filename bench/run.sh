#!/usr/bin/env bash
# Builds what is measured as it is shipped and runs every benchmark; docs/benchmarks.md says how to read them.
set -eu
cd "$(dirname "$0")/.."

cmake --preset release >/dev/null
ninja -C build/release p2pml_bench_datachannel p2pml_bench_native_http_port
(cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)

channel=build/release/bench/p2pml_bench_datachannel
echo "== data channels beside libdatachannel and libwebrtc"
P2PML_BUILD_DIR=$PWD/build/release node bench/datachannel.mjs --runs 3 --bytes 268435456
echo "== 200 connections"
$channel --bytes 67108864 --runs 1 --connections 200
echo "== 25 ms each way, no loss"
$channel --bytes 134217728 --runs 3 --relay-delay 25 --connections 0
echo "== 25 ms each way, 50 Mbit/s, queue of 500 kB"
$channel --bytes 33554432 --runs 3 --relay-delay 25 --rate 50 --queue 500000 --connections 0
echo "== 25 ms each way, 0.1 % loss"
$channel --bytes 8388608 --runs 3 --relay-delay 25 --loss 0.001 --connections 0
echo "== 25 ms each way, 1 % loss"
$channel --bytes 4194304 --runs 3 --relay-delay 25 --loss 0.01 --connections 0
echo "== HTTP beside curl"
build/release/bench/p2pml_bench_native_http_port
