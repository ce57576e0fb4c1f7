#!/usr/bin/env bash
# Rewrites build/start.ld: the functions that run from the start of the server to its answer to tools/list, which the linker
# places side by side. Run it when that memory has grown (`cargo bench --bench figures`). It needs valgrind, and leaves a
# program with symbols in the target directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v valgrind >/dev/null || {
  echo "link-order: valgrind is missing" >&2
  exit 1
}
cargo rustc --release --locked --bin ollama-mcp -- -C strip=none
program=${1:-${CARGO_TARGET_DIR:-target}/release/ollama-mcp}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

client='"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"link-order","version":"1"}'
printf '%s\n' \
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{'"$client"'}}' \
  '{"jsonrpc":"2.0","method":"notifications/initialized"}' \
  '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' |
  env -i PATH="$PATH" OLLAMA_MCP_CONFIG_DIR="$work" \
    valgrind --quiet --tool=callgrind --demangle=no --callgrind-out-file="$work/calls" "$program" >"$work/answers"
[[ $(wc -l <"$work/answers") -eq 2 ]] || {
  echo "link-order: the server did not answer both requests" >&2
  exit 1
}

# A hash at the end of a name, or in front of a crate's, is another one in each build.
grep -ohE '^c?fn=\([0-9]+\) (_ZN|_R)[^ ]+' "$work/calls" |
  sed -E "s/^[^ ]+ //; s/'[0-9]+\$//; s/17h[0-9a-f]{16}E.*\$/17h*/; s/Cs[0-9A-Za-z]+_/Cs*_/g" |
  LC_ALL=C sort -u >"$work/functions"
{
  echo "/* What runs until the first tools/list is answered; scripts/link-order.sh writes this. A name that no function has is ignored. */"
  echo "SECTIONS {"
  echo "  .text.start : {"
  sed 's/.*/    *(.text.&)/' "$work/functions"
  echo "  }"
  echo "}"
  echo "INSERT BEFORE .text;"
} >build/start.ld
echo "link-order: $(wc -l <"$work/functions") names"
