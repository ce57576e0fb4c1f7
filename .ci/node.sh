#!/usr/bin/env bash
# To be sourced: puts Node into WORKDIR/node and in front of PATH. What distributions bring is older than what the Inspector
# (22.19) and the types in tests/clients/typescript (22.18) want.
#   . .ci/node.sh WORKDIR

node_version=22.23.3
node_dir=$(realpath "$1")/node
if [[ $(cat "$node_dir/installed" 2>/dev/null) != "$node_version" ]]; then
  rm -rf "$node_dir"
  mkdir -p "$node_dir"
  npm install --prefix "$node_dir" --no-audit --no-fund --loglevel=error "node@$node_version"
  echo "$node_version" >"$node_dir/installed"
fi
export PATH="$node_dir/node_modules/.bin:$PATH"
