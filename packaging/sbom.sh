#!/usr/bin/env bash
# Writes what the program is built from, as CycloneDX: every crate that any of the targets needs, build scripts included, with version,
# licence and digest.
#   packaging/sbom.sh OUT     makes OUT/ollama-mcp-VERSION.cdx.json and its .sha256
# Needs cargo-cyclonedx: cargo install --locked cargo-cyclonedx
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "$1"
out=$(cd "$1" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=ollama-mcp-$version.cdx

# It writes a file beside each Cargo.toml of the workspace: that of the program has all of them.
trap 'rm -f "$name.json" crates/*/"$name.json"' EXIT
cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename "$name"
# Paths of this machine are of no use to others.
sed "s|file://$PWD|file://.|g" "$name.json" >"$out/$name.json"

(
  cd "$out"
  if command -v sha256sum >/dev/null; then sha256sum "$name.json"; else shasum -a 256 "$name.json"; fi >"$name.json.sha256"
)
