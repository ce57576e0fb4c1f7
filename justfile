# What must be well before a pull request, and the server in containers. `just --list` shows the recipes.

compose := "docker compose -f deploy/compose.yaml"

# All of the checks
ready: fmt clippy doc test deny typos

# Format the code
fmt:
    cargo fmt --all

alias format := fmt

# Lints, as errors
clippy:
    cargo clippy --locked --all-targets -- -D warnings

alias lint := clippy

# The library's documentation, warnings as errors
doc $RUSTDOCFLAGS="-D warnings":
    cargo doc --locked --no-deps

# All tests; a stale generated file is written anew
test:
    cargo test --locked

# Licenses, advisories and sources of the dependencies
deny:
    cargo deny --locked check

# Spelling
typos:
    typos

# From a clone to a real answer of a real model
quickstart *ARGUMENTS:
    scripts/quickstart.sh {{ ARGUMENTS }}

# Make what the containers need: deploy/.env, a key and a password
setup:
    deploy/setup.sh

# Start the server, PostgreSQL and Ollama in containers (docs/deploy.md)
up *ARGUMENTS:
    {{ compose }} up -d {{ ARGUMENTS }}

# The same with several servers behind a proxy with TLS
up-prod *ARGUMENTS:
    {{ compose }} -f deploy/compose.replicas.yaml up -d {{ ARGUMENTS }}

# End them all; what is stored is kept
down *ARGUMENTS:
    {{ compose }} down --remove-orphans {{ ARGUMENTS }}

# Follow the logs, of all services or of those that are named
logs *SERVICES:
    {{ compose }} logs -f {{ SERVICES }}

# A shell in a container: `database` or `ollama`. The server's image has no shell: see `chat`
shell SERVICE="database":
    {{ compose }} exec {{ SERVICE }} sh

# The database's own prompt
psql *ARGUMENTS:
    {{ compose }} exec database psql -U ollama_mcp ollama_mcp {{ ARGUMENTS }}

# Talk to a model in the server's container
chat *ARGUMENTS:
    {{ compose }} exec server ollama-mcp chat {{ ARGUMENTS }}

# Bring the database to the format of this version, as the server's start does
migrate:
    {{ compose }} run --rm server migrate
