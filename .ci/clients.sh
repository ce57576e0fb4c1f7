#!/usr/bin/env bash
# Holds ollama-mcp against the official SDKs of MCP, OpenAI, Anthropic and Ollama, in Python and TypeScript (tests/clients), with the model server that the
# environment (OLLAMA_*) names.
#   .ci/clients.sh BINARY WORKDIR
set -euo pipefail

binary=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
clients=tests/clients
# shellcheck source=.ci/node.sh
. .ci/node.sh "$work"
# Not the user's own conversations.
export OLLAMA_MCP_DATA_DIR=$work/conversations

python3 -m venv "$work/sdk-venv"
"$work/sdk-venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
  -r $clients/python/requirements.txt
"$work/sdk-venv/bin/python" $clients/python/check.py "$binary"
"$work/sdk-venv/bin/python" $clients/python/openai_check.py "$binary"
"$work/sdk-venv/bin/python" $clients/python/anthropic_check.py "$binary"
"$work/sdk-venv/bin/python" $clients/python/ollama_check.py "$binary"

# A copy, so that nothing is installed into the sources.
rm -rf "$work/typescript"
cp -r $clients/typescript "$work/typescript"
npm ci --prefix "$work/typescript" --no-audit --no-fund --loglevel=error
node "$work/typescript/check.ts" "$binary"
node "$work/typescript/openai_check.ts" "$binary"
node "$work/typescript/anthropic_check.ts" "$binary"
node "$work/typescript/ollama_check.ts" "$binary"
