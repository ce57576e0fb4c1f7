"""Asks a local model with OpenAI's SDK, through `ollama-mcp serve`.

    pip install openai
    python openai_chat.py "Why is the sky blue?"
"""

import os
import sys

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("OLLAMA_MCP_URL", "http://localhost:4891") + "/v1", api_key="none")
question = sys.argv[1] if len(sys.argv) > 1 else "Say hello in one short sentence."

with client.chat.completions.create(
    model="default", messages=[{"role": "user", "content": question}], stream=True, stream_options={"include_usage": True}
) as stream:
    for chunk in stream:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
        if chunk.usage:
            print(f"\nusage: {chunk.usage.prompt_tokens} + {chunk.usage.completion_tokens} tokens", file=sys.stderr)
