#!/usr/bin/env bash
# Checks deploy/: compose files and manifests against their schemas and rules of our own, each environment with the program itself, the
# Caddyfile with Caddy.
#   .ci/deploy.sh BINARY WORKDIR
set -euo pipefail

binary=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

has() { command -v "$1" >/dev/null 2>&1; }
install_packages() {
  local as_root=()
  [[ $(id -u) -eq 0 ]] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >"$work/deploy-apt.log" 2>&1
}
has shellcheck || install_packages shellcheck
has caddy || install_packages caddy

shellcheck deploy/setup.sh

# Two servers, and as a third one what .env says in its example.
for servers in "one:4891 two:4891" "one:4891 two:4891 three:4891"; do
  DOMAIN=models.example.com SERVERS=$servers caddy adapt --config deploy/Caddyfile >"$work/caddy.json"
  python3 - "$work/caddy.json" "$servers" <<'PY'
import json
import sys

text = open(sys.argv[1], encoding="utf-8").read()
found, wanted = text.count('"dial"'), 3 * len(sys.argv[2].split())
assert found == wanted, f"Caddyfile: {found} upstreams, not {wanted}"
assert text.count('"flush_interval":-1') == 3 and text.count('"uri":"/health/live"') == 3, text
json.loads(text)
PY
done
caddy fmt deploy/Caddyfile | diff - deploy/Caddyfile

venv=$work/deploy-venv
if ! cmp -s .ci/deploy-requirements.txt "$venv/installed"; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r .ci/deploy-requirements.txt
  cp .ci/deploy-requirements.txt "$venv/installed"
fi
"$venv/bin/python" .ci/deploy.py "$binary"

# Where they are there, the programs that will read the files.
if has kubectl; then
  kubectl kustomize deploy/kubernetes >"$work/kubernetes.yaml"
  echo "deploy: kustomize builds the manifests"
fi
if docker compose version >/dev/null 2>&1; then
  for override in "" gpu vllm replicas; do
    docker compose -f deploy/compose.yaml ${override:+-f "deploy/compose.$override.yaml"} config --quiet
  done
  echo "deploy: Docker Compose reads the files"
fi
