#!/usr/bin/env bash
# What is in the archive, the files of the service, and the recipes of the justfile.
#   .ci/packages.sh BINARY WORK     WORK/dist has the archive ollama-mcp-ci.tar.gz
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=$1 work=$2
unpacked=$work/unpacked
fail() {
  echo "packages: $*"
  exit 1
}

rm -rf "$unpacked"
mkdir -p "$unpacked"
tar -C "$unpacked" -xzf "$work/dist/ollama-mcp-ci.tar.gz"
folder=$unpacked/ollama-mcp-ci

pages=("$folder"/man/*.1)
for page in "${pages[@]}"; do
  warnings=$(groff -man -Tutf8 -K utf8 -ww -z "$page" 2>&1) || fail "$page is no man page: $warnings"
  [[ -z $warnings ]] || fail "$page: $warnings"
done
echo "packages: ${#pages[@]} man pages"
bash -n "$folder/completions/ollama-mcp.bash"
zsh -n "$folder/completions/_ollama-mcp"
fish --no-execute "$folder/completions/ollama-mcp.fish"

# The unit as systemd reads it, and the agent as a parser of property lists does (macOS alone has launchd).
"$binary" service install --print --files-dir '/srv/a "b" 100%' >"$work/ollama-mcp.service"
mkdir -p "$work/run" && chmod 700 "$work/run"
XDG_RUNTIME_DIR=$(realpath "$work/run") systemd-analyze --user verify "$work/ollama-mcp.service"
python3 - <<'PY'
import plistlib

text = open("src/cli/service/snapshots/ollama_mcp__cli__service__definition__tests__agent_escapes_paths_and_values.snap").read()
agent = plistlib.loads(text.split("---\n", 2)[2].encode())
assert agent["ProgramArguments"] == ['/opt/my "tools" & 100%/ollama-mcp', "serve"], agent
assert agent["EnvironmentVariables"]["OLLAMA_MCP_ALLOWED_DIRS"] == "/srv/a <b>:/srv/c\\d", agent
assert agent["RunAtLoad"] is True and agent["KeepAlive"] == {"SuccessfulExit": False}, agent
PY

packaging/checksums.sh "$work/dist"
bash .ci/just.sh "$work"
