#!/usr/bin/env bash
# Runs every command of docs/scale.md in its order, in one shell, and looks at what they write: two servers, one PostgreSQL, two engines, Caddy.
# Usage: .ci/scale.sh PROGRAM WORK
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")

fail() {
  echo "scale: $*"
  exit 1
}

# PostgreSQL refuses to run as root, and files below a folder of root's may be unreadable for others: so the commands get a
# copy of what they need in a folder of their own.
home=$(mktemp -d)
as=()
cleanup() {
  local status=$? file
  for file in "$home"/target/scale/*.pid; do
    [[ ! -s $file ]] || kill "$(<"$file")" 2>/dev/null || true
  done
  if [[ -s $home/target/scale/database/postmaster.pid ]]; then
    kill -INT "$(head -n 1 "$home/target/scale/database/postmaster.pid")" 2>/dev/null || true
  fi
  rm -rf "$work/scale"
  mkdir -p "$work/scale"
  cp "$home"/out/* "$home"/target/scale/*.log "$work/scale/" 2>/dev/null || true
  rm -rf "$home"
  [[ $status -eq 0 ]] || echo "scale: what was written is in $work/scale"
}
trap cleanup EXIT
mkdir -p "$home/bin" "$home/out" "$home/target/scale"
cp "$bin" "$home/bin/ollama-mcp"
cp -r --parents docs/scale.md examples/scale scripts/quickstart-server.py scripts/quickstart-requirements.txt "$home"
# The quickstart has downloaded the same packages.
cache=${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pip}
[[ ! -d $cache ]] || cp -r "$cache" "$home/cache"
if [[ $(id -u) -eq 0 ]]; then
  chown -R postgres "$home"
  as=(setpriv --reuid postgres --regid postgres --clear-groups)
fi

# One script: before each block its output goes to a file of its own, and what is still to come to the next one.
awk '
  /^<!-- scale:/ { name = $2; sub("scale:", "", name); next }
  name && /^```sh/ { printf "begin %s\n", name; inside = 1; next }
  inside && /^```/ { inside = 0; name = ""; next }
  inside { print }
' docs/scale.md >"$home/blocks.sh"
blocks=$(grep -c '^begin ' "$home/blocks.sh") || true
[[ $blocks -eq $(grep -c '^```sh' docs/scale.md) ]] || fail "a block of docs/scale.md has no name before it (<!-- scale:NAME -->)"

cat >"$home/run.sh" <<'TEXT'
set -euo pipefail
exec 3>&1
begin() {
  echo "scale: $1 (after $SECONDS s)" >&3
  # The requests of the limit must fall into one minute of the clock.
  if [[ $1 == limit ]]; then while ((10#$(date +%S) > 40)); do sleep 1; done; fi
  exec >"out/$1" 2>&1
}
. ./blocks.sh
TEXT
# Nothing of this machine's own settings.
for name in ${!OLLAMA_*} ${!PG*} DATABASE_URL; do unset "$name"; done
(
  cd "$home"
  HOME=$home PIP_CACHE_DIR=$home/cache PATH=$home/bin:$PATH LC_ALL=C.UTF-8 NO_PROXY=localhost,127.0.0.1 timeout 900 "${as[@]}" bash run.sh
) || {
  tail -n 5 "$(find "$home/out" -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)"
  fail "a command failed"
}

# What the page says of them.
expect() {
  grep -Eq -- "$2" "$home/out/$1" || {
    cat "$home/out/$1"
    fail "$1: no $2"
  }
}
expect servers '"status"'
[[ $(grep -c '"email":"ann@example.org"' <(tr '}' '\n' <"$home/out/user")) -ge 2 ]] || fail "user: not known at both servers"
expect conversation '"success":true.*"success":true.*"Say hello.".*"Say goodbye."'
expect limit '^200 200 200 429 $'
expect background 'response_elsewhere'
expect background 'by the instance server-1'
[[ $(grep -c '^1$' "$home/out/mcp") -eq 3 ]] || fail "mcp: the session was not found each time"
[[ $(grep -o 'The model server answers' "$home/out/mcp" | wc -l) -ge 2 ]] || fail "mcp: no answer without a session"
[[ $(grep -c '^ollama_mcp_completions_running' "$home/out/metrics") -eq 2 ]] || fail "metrics: not of both servers"
expect metrics '"name":"ann@example.org"'
expect kill 'curl ended with [1-9]'
[[ $(grep -c '^200$' "$home/out/kill") -eq 4 ]] || fail "kill: the other server did not answer"
expect stop 'server stopped'
echo "scale: $blocks blocks of docs/scale.md ran as written"
