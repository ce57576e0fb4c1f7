#!/usr/bin/env bash
# Holds `ollama-mcp serve` against the official conformance suite of MCP, in both eras of the protocol, with the model server that the
# environment (OLLAMA_*) names. What needs tools, prompts and resources of the suite's own is in tests/clients/conformance-REVISION.yml:
# a scenario that fails and is not there is a failure, and so is one that is there and passes.
#   .ci/conformance.sh BINARY WORKDIR
set -euo pipefail

# The newest that knows revision 2026-07-28.
suite_version=0.2.0-alpha.12
binary=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
baseline=$PWD/tests/clients/conformance
# shellcheck source=.ci/node.sh
. .ci/node.sh "$work"
npm_dir=$work/conformance
if [[ $(cat "$npm_dir/installed" 2>/dev/null) != "$suite_version" ]]; then
  rm -rf "$npm_dir"
  mkdir -p "$npm_dir"
  npm install --prefix "$npm_dir" --no-audit --no-fund --loglevel=error "@modelcontextprotocol/conformance@$suite_version"
  echo "$suite_version" >"$npm_dir/installed"
fi
# Not the user's own conversations.
export OLLAMA_MCP_DATA_DIR=$work/conversations

"$binary" serve --listen 127.0.0.1:0 >"$work/serve.out" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
url=
for _ in $(seq 100); do
  url=$(sed -n '1s/.* on //p' "$work/serve.out")
  [[ -z $url ]] || break
  sleep 0.1
done
[[ -n $url ]] || { echo "conformance: the server did not start"; exit 1; }

for revision in 2025-11-25 2026-07-28; do
  echo "conformance: $revision"
  if ! "$npm_dir/node_modules/.bin/conformance" server --url "$url/mcp" --suite all --spec-version "$revision" \
    --expected-failures "$baseline-$revision.yml" -o "$work/conformance-$revision" >"$work/conformance-$revision.log" 2>&1; then
    sed -n '/=== SUMMARY/,$p' "$work/conformance-$revision.log"
    echo "conformance: FAILED; see $work/conformance-$revision.log"
    exit 1
  fi
  sed -n 's/^Total: /conformance: /p' "$work/conformance-$revision.log"
done
