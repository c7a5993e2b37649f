#!/usr/bin/env bash
# Installs groups of scripts/debian-packages.txt: scripts/install.sh GROUP...
#
# Only what dpkg does not have yet, so that it takes no time and no network when all is there. Works as root or through sudo.
# A node of version 18 or later with npm counts as the packages nodejs and npm, wherever it came from.
set -euo pipefail
list=$(dirname "$0")/debian-packages.txt

groups() { sed -n 's/^\[\(.*\)\]$/\1/p' "$list"; }
packages_of() { awk -v group="[$1]" '/^\[/ {inside = $0 == group; next} inside && !/^#/ && NF {print $1}' "$list"; }
has_node() { command -v npm >/dev/null && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 18 ]; }

if [ $# -eq 0 ]; then
  echo "usage: $0 GROUP...   groups: $(groups | paste -sd' ')" >&2
  exit 2
fi

wanted=()
for group in "$@"; do
  if ! groups | grep -qxF -- "$group"; then
    echo "$0: no group \"$group\", expected one of: $(groups | paste -sd' ')" >&2
    exit 2
  fi
  mapfile -t -O ${#wanted[@]} wanted < <(packages_of "$group")
done

missing=()
for package in "${wanted[@]}"; do
  if [[ "$package" =~ ^(nodejs|npm)$ ]] && has_node; then continue; fi
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "$0: not root and no sudo here; install these first: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "installing: ${missing[*]}"
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}
# The package lists of a new machine are empty and those of an old one stale: either way the first try fails.
apt install --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
  apt update
  apt install --no-install-recommends "${missing[@]}"
}
