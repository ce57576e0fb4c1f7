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
  DOMAIN=models.example.com SERVERS=$servers BUFFERS=buffer_requests caddy adapt --config deploy/Caddyfile >"$work/caddy.json"
  python3 - "$work/caddy.json" "$servers" <<'PY'
import json
import sys

text = open(sys.argv[1], encoding="utf-8").read()
found, wanted = text.count('"dial"'), 3 * len(sys.argv[2].split())
assert found == wanted, f"Caddyfile: {found} upstreams, not {wanted}"
assert "flush_interval" not in text and text.count("\"buffer_requests\":true") == 3, text
assert text.count('"uri":"/health/live"') == 3, text
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

# The commands of docs/deploy.md, as they stand there. What is not here has a stand-in, which checks that the files exist that it is given.
page=$work/deploy-page
rm -rf "$page"
mkdir -p "$page/bin"
cp -r deploy Dockerfile "$page"
rm -rf "$page/deploy/.env" "$page/deploy/secrets"
cat >"$page/bin/docker" <<'STANDIN'
#!/usr/bin/env bash
echo "${0##*/} $*"
fail() { echo "docs/deploy.md: $*" >&2; exit 1; }
while [[ $# -gt 0 ]]; do
  case $1 in
    -f | -k) [[ -e $2 ]] || fail "there is no $2"; shift ;;
    -v) [[ $2 != /* || -f ${2%%:*} ]] || fail "there is no ${2%%:*}"; shift ;;
    --from-file=*) [[ -s ${1#*=} ]] || fail "there is no ${1#*=}" ;;
    .) [[ -f Dockerfile ]] || fail "there is no Dockerfile" ;;
  esac
  shift
done
STANDIN
chmod +x "$page/bin/docker"
for program in kubectl curl; do
  ln "$page/bin/docker" "$page/bin/$program"
done
awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/deploy.md >"$page/commands.sh"
(cd "$page" && PATH=$page/bin:$PATH bash -euo pipefail commands.sh) >"$page/log"
grep -q "admin_key was made" "$page/log"
grep -q "kubectl apply -k deploy/kubernetes" "$page/log"
echo "deploy: the commands of docs/deploy.md name files that exist ($(grep -c '^docker \|^kubectl \|^curl ' "$page/log") with stand-ins)"

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
