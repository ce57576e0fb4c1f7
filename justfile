# What must be well before a pull request. `just --list` shows the parts.

# All of it
ready: fmt clippy doc test deny typos

# Format the code
fmt:
    cargo fmt --all

# Lints, as errors
clippy:
    cargo clippy --locked --all-targets -- -D warnings

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
