#!/bin/sh
# Uploads a file, asks over it, and deletes it, against `ollama-mcp serve`: files.sh FILE [QUESTION] [http://localhost:4891]
set -eu
file=${1:?name a file}
question=${2:-Summarize this file in one sentence.}
url=${3:-http://localhost:4891}

id=$(curl -fsS "$url/upload" -F "file=@$file" | sed 's/.*"id":"\([^"]*\)".*/\1/')
curl -fsS "$url/chat" -d "{\"prompt\": \"$question\", \"attachments\": [\"$id\"]}"
echo
curl -fsS -X DELETE "$url/x/files/$id"
echo
