#!/usr/bin/env bash
# Debian's packages that tests use: a browser for the HTML pages, fonts for it to draw with (also Chinese), and a second
# database for studies. Safe to run again.
set -euo pipefail

packages=(chromium fonts-dejavu-core fonts-liberation fonts-wqy-microhei postgresql)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || { sleep 5; apt-get update -qq; }
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
