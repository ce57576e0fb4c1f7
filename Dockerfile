# syntax=docker/dockerfile:1
# A static program and the certificates of the web's authorities, nothing else. What reaches the Ollama of the machine
# that runs it is in docs/packaging.md:
#   docker run --rm -i --add-host=host.docker.internal:host-gateway ollama-mcp

# Where the program comes from: built here, or (--build-context binary=FOLDER, as the release does) built before.
FROM rust:1.95-alpine AS build
# Headers of musl: whichever the image of Rust has.
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY build build
COPY src src
COPY crates crates
COPY README.md ./
# What the manifest names beside the program is not built.
RUN mkdir -p tests benches/figures benches/soak \
    && touch tests/main.rs benches/figures/main.rs benches/soak/main.rs
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin ollama-mcp \
    && cp target/release/ollama-mcp /ollama-mcp

FROM scratch AS binary
ARG TARGETARCH
COPY --from=build /ollama-mcp /${TARGETARCH}/ollama-mcp

FROM gcr.io/distroless/static-debian12:nonroot
ARG TARGETARCH
LABEL org.opencontainers.image.title="ollama-mcp" \
      org.opencontainers.image.description="The models of a local Ollama for any MCP host, over stdio" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="https://github.com/OWNER/ollama-mcp" \
      io.modelcontextprotocol.server.name="io.github.OWNER/ollama-mcp"
COPY --from=binary --chmod=0755 /${TARGETARCH}/ollama-mcp /ollama-mcp
# The machine that runs the container: the container's own loopback has no Ollama.
ENV OLLAMA_HOST=http://host.docker.internal:11434
# nonroot, by number, so that Kubernetes can tell that it is not root
USER 65532
ENTRYPOINT ["/ollama-mcp"]
