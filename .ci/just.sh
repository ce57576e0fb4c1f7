#!/usr/bin/env bash
# Every recipe of the justfile parses, and the files that recipes name are there; no recipe is run.
#   .ci/just.sh WORK        installs just into WORK if it is missing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "$1"
work=$(realpath "$1")
if ! command -v just >/dev/null; then
  python3 -m venv "$work/just"
  "$work/just/bin/python" -m pip install --quiet --disable-pip-version-check rust-just==1.59.0
  PATH=$PATH:$work/just/bin
fi
just --version
for recipe in $(just --summary); do
  # What it would run, on stderr.
  commands=$(just --dry-run "$recipe" 2>&1)
  printf '%-12s %s\n' "$recipe" "${commands//$'\n'/; }"
  for word in $commands; do
    case $word in
      scripts/* | deploy/*) [[ -e $word ]] || { echo "the recipe $recipe names $word, which does not exist"; exit 1; } ;;
    esac
  done
done
# What people of the older services type.
for recipe in setup up down logs shell migrate format lint test up-prod; do
  just --show "$recipe" >/dev/null
done
