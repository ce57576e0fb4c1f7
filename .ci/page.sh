#!/usr/bin/env bash
# Uses the page of ollama-mcp in Debian's Chromium as a person does (tests/page), over a fake Ollama. Screenshots are in WORKDIR/page/shots.
#   .ci/page.sh BINARY WORKDIR [TEST...]
# With PAGE_PICTURES=DIR the pictures of the documents are written there.
set -euo pipefail

OLLAMA_MCP_BIN=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=.ci/node.sh
. .ci/node.sh "$work"

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [[ ! -x $CHROMIUM ]]; then
  as_root=()
  [[ $(id -u) -eq 0 ]] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-color-emoji >"$work/chromium.log"
fi

# A copy, so that nothing is installed into the sources.
rm -rf "$work/page"
mkdir -p "$work/page"
cp tests/page/*.mjs tests/page/package*.json "$work/page"
npm ci --prefix "$work/page" --no-audit --no-fund --loglevel=error

"$work/page/node_modules/.bin/tsc" --project tests/page/tsconfig.json

[[ -z ${PAGE_PICTURES:-} ]] || PAGE_PICTURES=$(realpath -m "$PAGE_PICTURES")
cd "$work/page"
export OLLAMA_MCP_BIN CHROMIUM PAGE_PICTURES PAGE_SHOTS=$work/page/shots
export PAGE_TEST_MS=${PAGE_TEST_MS:-240000}
[[ $# -gt 0 ]] || set -- ./*.test.mjs
use_page() {
  node --test --test-reporter=tap --test-timeout=600000 "$@"
}
if use_page --test-concurrency=2 "$@" | tee "$work/page.log"; then
  exit 0
fi
# A browser on a busy machine may be late: a few files that failed are run once more, alone, and have to pass then.
mapfile -t failed < <(sed -nE "s/^ *location: '(.*\.test\.mjs):[0-9]+:[0-9]+'\$/\1/p" "$work/page.log" | sort -u)
echo "page: failed: ${failed[*]}"
[[ ${#failed[@]} -gt 0 && ${#failed[@]} -le 3 ]] || exit 1
use_page --test-concurrency=1 "${failed[@]}"
