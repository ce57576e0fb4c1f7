#!/usr/bin/env bash
# Runs pages of the book as a reader does, over the model server that the environment (OLLAMA_*) names: with Python's SDK of OpenAI, and
# team.md with PostgreSQL and Caddy of the system's packages.
#   .ci/book.sh BINARY WORKDIR
set -euo pipefail

binary=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive

fail() {
  echo "book: $*"
  exit 1
}

# The versions that the checks of the SDKs install, too.
python3 -m venv "$work/sdk-venv"
"$work/sdk-venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
  -r tests/clients/python/requirements.txt
export BOOK_PYTHON=$work/sdk-venv/bin/python

# Reads a page in an empty home.
read_page() {
  local page=$1 home=$work/book/${1%.md} repository=$PWD
  rm -rf "$home"
  mkdir -p "$home"
  if ! (cd "$home" && HOME=$home bash "$repository/tests/book/run.sh" "$repository/docs/$page" "$binary") >"$home.out" 2>"$home.err"; then
    cat "$home.out" "$home.err"
    fail "$page failed"
  fi
  echo "book: $(grep -c '^== ' "$home.out") blocks of $page run"
}

read_page openai-server.md

# A machine that has been started has its PostgreSQL running; a container may not.
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)
as_postgres=(runuser -u postgres --)
[[ $(id -u) -eq 0 ]] || as_postgres=(sudo -u postgres)
version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tail -n 1)
[[ -n $(pg_lsclusters --no-header) ]] || "${as_root[@]}" pg_createcluster "$version" main
# What listens on PostgreSQL's usual port is what the page uses.
read -r version name _ state _ < <(pg_lsclusters --no-header | awk '$3 == 5432')
[[ $state == online* ]] || "${as_root[@]}" pg_ctlcluster "$version" "$name" start
# The names of the page in the machine's own PostgreSQL are removed afterwards, and never where they were there before.
there=$(cd / && "${as_postgres[@]}" psql -qAt -c "SELECT count(*) FROM pg_roles WHERE rolname = 'ollama_mcp'")
[[ $there == 0 ]] || fail "the PostgreSQL of this machine has a user ollama_mcp already: team.md would make it"
drop() {
  (cd / && "${as_postgres[@]}" psql -q -c 'DROP DATABASE IF EXISTS ollama_mcp WITH (FORCE)' -c 'DROP ROLE IF EXISTS ollama_mcp')
}
trap drop EXIT
read_page team.md
home=$work/book/team
grep -q '"first"' "$home.out" || fail "the conversation over HTTP was not listed"
grep -q '"status":"completed"' "$home.out" || fail "MCP over HTTP did not answer"
grep -q '^ollama_mcp_http_requests_total{' "$home.out" || fail "nothing was counted"
promtool check config "$home/prometheus.yml"
