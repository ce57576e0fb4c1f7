#!/usr/bin/env bash
# Packs a built program with its documents, man pages and shell completions, as the release publishes it, and writes the archive's SHA-256
# beside it.
#   packaging/archive.sh BINARY NAME OUT     makes OUT/NAME.tar.gz, or OUT/NAME.zip of a program for Windows
# Needs cargo: a generator that is no part of the program makes the pages. CARGO_BUILD_TARGET shares the build of the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=$1 name=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir "$stage/$name"
cp "$binary" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$stage/$name/"
cargo run --quiet --locked --example pages -- "$stage/$name"
case $binary in
  *.exe)
    archive=$name.zip
    (cd "$stage" && 7z a -bso0 "$out/$archive" "$name")
    ;;
  *)
    archive=$name.tar.gz
    chmod 755 "$stage/$name/ollama-mcp"
    tar -C "$stage" -czf "$out/$archive" "$name"
    ;;
esac
cd "$out"
if command -v sha256sum >/dev/null; then sha256sum "$archive"; else shasum -a 256 "$archive"; fi >"$archive.sha256"
