#!/usr/bin/env bash
# Packs an MCP bundle of one program for each system, and fills in server.json.
#   packaging/bundle.sh LINUX DARWIN WINDOWS OUT     makes OUT/ollama-mcp-VERSION.mcpb, its .sha256, and OUT/server.json
# Needs Node and npm, whatever the programs were built on.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mcpb_version=2.1.2
linux=$1 darwin=$2 windows=$3
mkdir -p "$4"
out=$(cd "$4" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir "$stage/server"
cp "$here/mcpb/manifest.json" "$here/../LICENSE-MIT" "$here/../LICENSE-APACHE" "$stage/"
cp "$linux" "$stage/server/ollama-mcp-linux"
cp "$darwin" "$stage/server/ollama-mcp-darwin"
cp "$windows" "$stage/server/ollama-mcp.exe"
chmod 755 "$stage/server/"*

version=$(node -p 'require(process.argv[1]).version' "$stage/manifest.json")
bundle=ollama-mcp-$version.mcpb
mcpb() { npm exec --yes --loglevel=error -- "@anthropic-ai/mcpb@$mcpb_version" "$@"; }
mcpb validate "$stage/manifest.json"
mcpb pack "$stage" "$out/$bundle"

# The registry's hosts compare the bundle with this digest.
node - "$here/../server.json" "$out" "$bundle" <<'JS'
const { createHash } = require("node:crypto");
const { readFileSync, writeFileSync } = require("node:fs");
const [template, out, bundle] = process.argv.slice(2);
const digest = createHash("sha256").update(readFileSync(`${out}/${bundle}`)).digest("hex");
const server = JSON.parse(readFileSync(template, "utf8"));
const entry = server.packages.find((found) => found.registryType === "mcpb");
if (!entry.identifier.endsWith(`/${bundle}`)) throw new Error(`server.json names ${entry.identifier}, not ${bundle}`);
entry.fileSha256 = digest;
writeFileSync(`${out}/server.json`, `${JSON.stringify(server, null, 2)}\n`);
writeFileSync(`${out}/${bundle}.sha256`, `${digest}  ${bundle}\n`);
console.log(`${bundle}: ${digest}`);
JS
