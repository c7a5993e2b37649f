#!/usr/bin/env bash
# Builds what is measured as it is shipped and runs every benchmark; docs/benchmarks.md says how to read them.
set -eu
cd "$(dirname "$0")/.."

cmake --preset release >/dev/null
ninja -C build/release p2pml p2pml_bench_datachannel p2pml_bench_native_http_port
scripts/build_web.sh

channel=build/release/bench/p2pml_bench_datachannel
# A row that fails does not hide the others; the exit status tells of it.
failed=0
row() { "$@" || { echo "FAILED: $*"; failed=1; }; }
echo "== data channels beside libdatachannel and libwebrtc"
row env P2PML_BUILD_DIR=$PWD/build/release node bench/datachannel.mjs --runs 3 --bytes 268435456
echo "== 200 connections"
row $channel --bytes 67108864 --runs 1 --connections 200
echo "== 25 ms each way, no loss"
row $channel --bytes 134217728 --runs 3 --relay-delay 25 --connections 0
echo "== 25 ms each way, 50 Mbit/s, queue of 500 kB"
row $channel --bytes 33554432 --runs 3 --relay-delay 25 --rate 50 --queue 500000 --connections 0
echo "== 25 ms each way, 0.1 % loss"
row $channel --bytes 8388608 --runs 3 --relay-delay 25 --loss 0.001 --connections 0
echo "== 25 ms each way, 1 % loss"
row $channel --bytes 4194304 --runs 3 --relay-delay 25 --loss 0.01 --connections 0
echo "== HTTP beside curl"
row build/release/bench/p2pml_bench_native_http_port
echo "== in Chromium, beside p2p-media-loader-core 0.6.2"
row env P2PML_BUILD_DIR=$PWD/build/release node bench/web.mjs
exit $failed
