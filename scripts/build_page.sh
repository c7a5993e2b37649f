#!/usr/bin/env bash
# Builds the page at the gateway's address, apps/p2pml/page/dist, which the program embeds when it is built next. Needs the group "page"
# of scripts/debian-packages.txt.
set -euo pipefail
cd "$(dirname "$0")/../apps/p2pml/page"

# What npm has installed last it notes there.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
fi
node build.mjs
