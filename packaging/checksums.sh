#!/usr/bin/env bash
# Checks the files of a release against the .sha256 beside each, and writes SHA256SUMS over all of them.
#   packaging/checksums.sh DIST
set -euo pipefail
cd "$1"

sums() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }
rm -f SHA256SUMS
files=()
for file in *; do
  case $file in
    *.sha256) ;;
    # The registry's publisher reads it; nobody downloads it by its digest.
    server.json) files+=("$file") ;;
    *)
      [[ -f $file.sha256 ]] || { echo "checksums: $file has no .sha256"; exit 1; }
      sums -c "$file.sha256"
      files+=("$file")
      ;;
  esac
done
[[ ${#files[@]} -gt 0 ]] || { echo "checksums: there are no files in $1"; exit 1; }
sums "${files[@]}" >SHA256SUMS
