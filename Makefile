# The front door. `make help` lists what there is; each target installs the Debian packages it needs if they are missing.

export CCACHE_NOHASHDIR := 1
export CCACHE_BASEDIR := $(CURDIR)

JOBS ?= $(shell nproc)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help build run test test-interop test-players soak test-all bench capacity screenshots format lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the program as it is shipped: build/release/p2pml
	@scripts/install.sh build page
	@scripts/build_page.sh || echo "the gateway's page is not built, npm says why: the program gets a plain one"
	@cmake --preset release $(CMAKE_ARGS) >build-configure.log 2>&1 || { cat build-configure.log; rm -f build-configure.log; exit 1; }
	@rm -f build-configure.log
	@ninja -C build/release -j $(JOBS) p2pml
	@test -x build/release/p2pml || { echo "build/release/p2pml was not built"; exit 1; }

run: build ## build, then `p2pml demo`; ARGS=--keep leaves it running with its page, ARGS="..." is passed to it
	@build/release/p2pml demo $(ARGS)

test: ## all test stages, then "N passed, M failed"; STAGES="dev asan ..." runs only those
	@scripts/test.sh $(STAGES)

test-interop: ## every combination of peers in the field, in both directions and over both trackers
	@P2PML_INTEROP=all scripts/test.sh interop

test-players: ## every player through the gateway and directly, on every kind of stream; live ones for ten minutes
	@P2PML_PLAYERS=all scripts/test.sh players

soak: build ## gigabytes between a page in Chromium and a native peer, 20 minutes
	@scripts/install.sh interop
	@cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund && \
	  P2PML_INTEROP=soak P2PML_BUILD_DIR=$(CURDIR)/build/release node --test soak.test.mjs

test-all: ## the same with a second compiler, ten minutes of fuzzing, a thousand seeds of all faults and clang-tidy
	@P2PML_FUZZ_SECONDS=600 P2PML_INTEROP=all P2PML_PLAYERS=all P2PML_SIM_SEEDS=1000 \
	  scripts/test.sh dev clang asan tsan determinism wasm web manifests interop players sim lint

bench: ## build and run the benchmarks, against libdatachannel, libwebrtc, curl and the original in Chromium
	@scripts/install.sh build test interop wasm
	@bench/run.sh

capacity: build ## run the simulations behind docs/capacity.md, up to 10,000 viewers; print its tables
	@bench/capacity.py $(ARGS)

screenshots: build ## the gateway's page and the example page in Chromium as one sees them: build/screenshots/*.png
	@scripts/install.sh wasm interop
	@scripts/build_web.sh
	@P2PML_BUILD_DIR=$(CURDIR)/build/release node tests/web/screenshots.mjs build/screenshots
	@P2PML_BUILD_DIR=$(CURDIR)/build/release node tests/web/gateway_screenshots.mjs build/screenshots

format: ## format every source with clang-format 14
	@scripts/install.sh lint
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

lint: ## check formatting and run clang-tidy over src, apps and fuzz
	@scripts/lint.sh

clean: ## remove everything that was built
	@rm -rf build
