#!/usr/bin/env bash
# Runs the commands of a page of docs/, in their order and in one shell, as a reader does, in the current folder.
#   tests/book/run.sh PAGE BINARY
# Commands are the blocks marked as sh; blocks marked as python run, too, where BOOK_PYTHON names an interpreter. `ollama-mcp serve` goes on in
# the background, on a free port that replaces 4891 in what follows; with BOOK_SERVER=yes one runs from the beginning.
set -euo pipefail

page=$(realpath "$1")
program=$(realpath "$2")
server=localhost:4891
number=0
servers=()

finish() {
  local status=$?
  [[ ${#servers[@]} -eq 0 ]] || kill "${servers[@]}" 2>/dev/null || true
  [[ $status -eq 0 ]] || echo "book: block $number of ${page##*/} failed:
${block:-}" >&2
}
trap finish EXIT

# The blocks of one or more languages, each ended by a NUL; the language is the first line.
blocks() {
  awk '
    /^```/ && inside { printf "%c", 0; inside = 0; next }
    /^```(sh|python)$/ { inside = 1; print substr($0, 4); next }
    inside { print }
  ' "$page"
}

there() { printf '%s' "${1//localhost:4891/$server}"; }

serve() {
  local arguments=("$@") at first
  for at in "${!arguments[@]}"; do
    [[ ${arguments[at]} == *:4891 ]] && arguments[at]=${arguments[at]%4891}0
  done
  export OLLAMA_MCP_SERVE_LISTEN=localhost:0
  exec {output}< <(exec "$program" "${arguments[@]}")
  servers+=("$!")
  read -r -t 60 -u "$output" first
  unset OLLAMA_MCP_SERVE_LISTEN
  server=localhost:${first##*:}
}

ollama-mcp() {
  local arguments=() argument
  if [[ $1 == serve ]]; then
    serve "$@"
    return
  fi
  for argument; do arguments+=("$(there "$argument")"); done
  "$program" "${arguments[@]}"
}

curl() {
  local arguments=() argument
  for argument; do arguments+=("$(there "$argument")"); done
  command curl --fail-with-body --noproxy '*' --max-time 120 "${arguments[@]}"
  echo
}

# Who is root already needs none.
if ! command -v sudo >/dev/null && [[ $(id -u) -eq 0 ]]; then
  sudo() {
    if [[ $1 == -u ]]; then
      runuser -u "$2" -- "${@:3}"
    else
      "$@"
    fi
  }
fi

[[ -z ${BOOK_SERVER:-} ]] || serve serve

while IFS= read -r -d '' text; do
  language=${text%%$'\n'*}
  block=${text#*$'\n'}
  number=$((number + 1))
  printf '== %s, block %s\n' "${page##*/}" "$number"
  if [[ $language == python ]]; then
    [[ -n ${BOOK_PYTHON:-} ]] || continue
    there "$block" | "$BOOK_PYTHON" -
  else
    eval "$block" </dev/null
  fi
done < <(blocks)
[[ $number -gt 0 ]] || {
  echo "book: ${page##*/} has no block of commands" >&2
  exit 1
}
