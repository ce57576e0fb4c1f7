#!/bin/sh
# Makes what compose.yaml reads: deploy/.env, and a key and a password in deploy/secrets/. What is there already stays as it is.
#   deploy/setup.sh
set -eu
cd "$(dirname "$0")"

# random BYTES: as many random bytes, in hexadecimal digits.
random() {
  od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

# make_file NAME MODE: writes stdin to a file that does not exist yet, at once or not at all.
make_file() {
  if [ -e "$1" ]; then
    echo "deploy/$1 is there already"
    cat >/dev/null
    return
  fi
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
  echo "deploy/$1 was made"
}

umask 077
# Only you can enter the directory. The files in it can be read by everyone who has got them: each container gets its own ones, whose
# users (65532, and that of PostgreSQL) are none of this machine.
mkdir -p secrets
chmod 700 secrets
echo "omk_$(random 24)" | make_file secrets/admin_key 444
random 24 | make_file secrets/database_password 444

make_file .env 600 <<'ENV'
# Settings of compose.yaml and its overrides. After a change: docker compose -f deploy/compose.yaml up -d

# The model that is pulled, and that answers where a request names none.
MODEL=qwen3:0.6b
# Where the server listens on this machine.
LISTEN=127.0.0.1:4891
# Where browsers find it, if that is another port or name.
#PUBLIC_URL=http://localhost:4891
# Completions that each server has the model server run at once; the others wait for their turn.
#MAX_CONCURRENT=4

# compose.replicas.yaml: the name of the site, and where Caddy listens.
#DOMAIN=models.example.com
#HTTP_LISTEN=0.0.0.0:80
#HTTPS_LISTEN=0.0.0.0:443
#REPLICAS=3
#SERVERS="ollama-mcp-server-1:4891 ollama-mcp-server-2:4891 ollama-mcp-server-3:4891"

# compose.vllm.yaml: the model, by its name at Hugging Face.
#VLLM_MODEL=Qwen/Qwen3-0.6B
ENV

cat <<'NEXT'

Start it:     docker compose -f deploy/compose.yaml up -d
Ask a model:  curl http://127.0.0.1:4891/v1/chat/completions \
                -H "Authorization: Bearer $(cat deploy/secrets/admin_key)" \
                -d '{"messages": [{"role": "user", "content": "Why is the sky blue?"}]}'
NEXT
