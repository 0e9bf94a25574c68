#!/bin/sh
# Installs what the tests need (Debian packages as root, npm packages), builds, and runs everything: type check, linter,
# layering, unit, integration and end-to-end tests. Ends with `N passed, N failed`.
set -eu
cd "$(dirname -- "$0")/.."

packages='containerd runc containernetworking-plugins nftables iproute2 iptables conntrack catatonit busybox-static nginx-light dnsutils curl openssl socat unzip'
missing=
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "installing Debian packages:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
[ -d node_modules ] && cmp -s package-lock.json node_modules/.t8s-installed.json || {
  npm install --no-save --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.t8s-installed.json
}
npx --no-install tsc
npx --no-install tsc -p examples
node scripts/bundle.mjs
npx --no-install biome check .
exec node scripts/test.mjs unit integration e2e
