#!/bin/sh
# OpenAI's API by curl, against `ollama-mcp serve`. The address may be given: openai.sh http://localhost:4891
set -eu
url=${1:-http://localhost:4891}

# A whole answer; `ollama_mcp` has warnings, times, and where the model ran.
curl -fsS "$url/v1/chat/completions" -d '{
  "messages": [{"role": "user", "content": "What is the capital of France?"}],
  "max_completion_tokens": 20
}'
echo

# A stream, with the counts of tokens at its end.
curl -fsSN "$url/v1/chat/completions" -d '{
  "messages": [{"role": "user", "content": "Count from one to five."}],
  "max_completion_tokens": 20, "stream": true, "stream_options": {"include_usage": true}
}'

# The same request with the same key is generated once: a script may repeat it after a lost connection.
for _ in 1 2; do
  curl -fsS "$url/v1/chat/completions" -H 'Idempotency-Key: example-1' -d '{
    "messages": [{"role": "user", "content": "Name a colour."}], "max_completion_tokens": 10
  }'
  echo
done
