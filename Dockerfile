# syntax=docker/dockerfile:1
# The program and the certificates of the web's authorities, nothing else: no shell, no package, no root user. It speaks MCP over
# stdio, or HTTP with `serve`. docs/deploy.md says how to build and run it.

# The root certificates of Mozilla, as Alpine packages them, and an empty directory.
FROM --platform=$BUILDPLATFORM alpine:3.22 AS files
# hadolint ignore=DL3018
RUN apk add --no-cache ca-certificates-bundle \
    && mkdir -p /files/data \
    && cp /etc/ssl/certs/ca-certificates.crt /files/

# Where the program comes from: built here, or (--build-context binary=FOLDER, as the release does) built before.
FROM rust:1.95-alpine AS build
# Headers of musl: whichever the image of Rust has.
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev
WORKDIR /src
# All that .dockerignore lets through: neither tests nor benches.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin ollama-mcp \
    && cp target/release/ollama-mcp /ollama-mcp

FROM scratch AS binary
ARG TARGETARCH
COPY --from=build /ollama-mcp /${TARGETARCH}/ollama-mcp

FROM scratch
ARG TARGETARCH
LABEL org.opencontainers.image.title="ollama-mcp" \
      org.opencontainers.image.description="The models of a local Ollama for any MCP host, and over HTTP" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="https://github.com/OWNER/ollama-mcp" \
      io.modelcontextprotocol.server.name="io.github.OWNER/ollama-mcp"
COPY --from=files /files/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# A new volume takes its owner from here.
COPY --from=files --chown=65532:65532 /files/data /data
COPY --from=binary --chmod=0755 /${TARGETARCH}/ollama-mcp /usr/local/bin/ollama-mcp
# OLLAMA_HOST is the machine that runs the container: the container's own loopback has no Ollama. Only `serve` listens, and only once
# somebody has a credential.
ENV OLLAMA_HOST=http://host.docker.internal:11434 \
    OLLAMA_MCP_SERVE_LISTEN=0.0.0.0:4891 \
    OLLAMA_MCP_DATA_DIR=/data \
    HOME=/data \
    PATH=/usr/local/bin
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
# SQLite writes temporary files here where there is no /tmp.
WORKDIR /data
VOLUME /data
EXPOSE 4891
# It succeeds where the container serves stdio, which has no port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["ollama-mcp", "healthcheck", "--or-stdio"]
ENTRYPOINT ["ollama-mcp"]
