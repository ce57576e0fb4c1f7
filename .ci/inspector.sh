#!/usr/bin/env bash
# Talks to ollama-mcp with the official MCP Inspector, in both eras of the protocol: lists the tools, chats with the model
# that the environment (OLLAMA_*) names, and provokes an error.
#   .ci/inspector.sh BINARY WORKDIR
set -euo pipefail

inspector_version=2.12.0
binary=$(realpath "$1")
work=$(realpath "$2")

# shellcheck source=.ci/node.sh
. "$(dirname "${BASH_SOURCE[0]}")/node.sh" "$work"
npm_dir=$work/npm
if [[ $(cat "$npm_dir/installed" 2>/dev/null) != "$inspector_version" ]]; then
  rm -rf "$npm_dir"
  mkdir -p "$npm_dir"
  npm install --prefix "$npm_dir" --no-audit --no-fund --loglevel=error "@modelcontextprotocol/inspector@$inspector_version"
  echo "$inspector_version" >"$npm_dir/installed"
fi
export PATH="$npm_dir/node_modules/.bin:$PATH"
echo "inspector $inspector_version on node $(node --version)"

# The Inspector hands no environment on but what it is given.
settings=()
while IFS= read -r name; do
  settings+=(-e "$name=${!name}")
done < <(compgen -e OLLAMA_ || true)

# inspect ERA ANSWER_FILE ARGUMENT... : one run; its JSON goes to the file, its exit code is this function's.
inspect() {
  local era=$1 answer=$2
  shift 2
  mcp-inspector --cli "$binary" "${settings[@]}" --protocol-era "$era" --format json "$@" >"$answer"
}

for era in legacy modern; do
  echo "inspector: $era"
  inspect "$era" "$work/list.json" --method tools/list --strict
  inspect "$era" "$work/chat.json" --method tools/call --tool-name chat_completion \
    --tool-args-json '{"prompt": "What is the capital of France?", "max_tokens": 40}'
  status=0
  inspect "$era" "$work/error.json" --method tools/call --tool-name chat_completion \
    --tool-args-json '{"prompt": "Hello", "temperature": 3}' 2>"$work/error.log" || status=$?
  if [[ $status -ne 5 ]]; then
    cat "$work/error.log"
    echo "inspector: a bad argument gave exit code $status, not 5 (a tool error)"
    exit 1
  fi

  python3 - "$work/list.json" "$work/chat.json" "$work/error.json" <<'PY'
import json
import sys

listed, chat, error = (json.load(open(path, encoding="utf-8"))["result"] for path in sys.argv[1:])

tools = {tool["name"]: tool for tool in listed["tools"]}
print(f"inspector: {len(tools)} tools: {', '.join(tools)}")
assert {"chat_completion", "health_check", "list_models"} <= tools.keys(), "a core tool is missing"
for name, tool in tools.items():
    for key in ("title", "description", "inputSchema", "outputSchema", "annotations"):
        assert tool.get(key), f"{name} has no {key}"

text = "".join(part.get("text", "") for part in chat["content"])
completion = chat["structuredContent"]
print(f"inspector: {completion['model']} says: {text}")
assert not chat.get("isError"), "the chat failed"
assert text.strip(), "the answer is empty"
assert completion["status"] == "completed", completion
assert completion["choices"][0]["message"]["content"] == text, "content and structuredContent differ"
assert completion["usage"]["completion_tokens"] > 0, completion["usage"]

assert error["isError"] is True, error
assert error["structuredContent"]["error"]["code"] == "invalid_argument", error
assert "temperature" in error["content"][0]["text"], error
PY
done
