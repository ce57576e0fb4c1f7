"""A Python MCP client of ollama-mcp, on the official SDK: lists the tools, then streams one chat completion.

    pip install -r examples/python/requirements.txt
    python examples/python/chat.py "Why is the sky blue?"
"""

import argparse
import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.client.session import IncomingMessage
from mcp_types import ProgressNotification


class Printer:
    """Prints the reply while it is being written.

    The exact new text of each chunk is in the progress notification's `_meta`; its `message` is a line for people.
    """

    def __init__(self) -> None:
        self.text = ""
        self.answered = False

    async def on_message(self, message: IncomingMessage) -> None:
        if self.answered or not isinstance(message, ProgressNotification):
            return
        meta = message.params.meta or {}
        if meta.get("ollama-mcp/channel") == "content":
            self.write(meta.get("ollama-mcp/delta", ""))

    def write(self, delta: str) -> None:
        self.text += delta
        print(delta, end="", flush=True)

    def show(self, reply: str) -> None:
        """Prints what an answer has beyond the text so far; each answer holds the whole of it.

        From the first answer on, progress is not printed: the SDK handles notifications in tasks of their own, so the
        answer may overtake its last chunks, and progress of a later call has only what is new to that call.
        """
        self.answered = True
        if reply.startswith(self.text):
            self.write(reply[len(self.text) :])


async def ask_for_progress(progress: float, total: float | None, message: str | None) -> None:
    """Does nothing: that a callback is given makes the SDK send a progress token, without which nothing is streamed."""


async def run(server: str, prompt: str, model: str | None) -> int:
    printer = Printer()
    # The SDK starts servers with almost no environment: hand ours on, so that OLLAMA_HOST and its like arrive.
    start = StdioServerParameters(command=server, env=dict(os.environ))
    async with Client(start, message_handler=printer.on_message) as client:
        tools = await client.list_tools()
        print(f"protocol: {client.protocol_version}")
        print(f"tools: {', '.join(tool.name for tool in tools.tools)}")

        # A call returns before a client stops waiting, and the model continues: ask for the rest until the end. The server
        # must run until then, because a completion ends with it.
        tool, arguments = "chat_completion", {"prompt": prompt} | ({"model": model} if model else {})
        while True:
            result = await client.call_tool(tool, arguments, progress_callback=ask_for_progress)
            if result.is_error:
                text = "".join(part.text for part in result.content if part.type == "text")
                print(f"error: {text}", file=sys.stderr)
                return 1
            completion = result.structured_content
            printer.show(completion["choices"][0]["message"]["content"])
            if completion["status"] != "in_progress":
                break
            tool, arguments = "get_completion", {"completion_id": completion["completion_id"], "wait_seconds": 5}
        print()

        if completion["choices"][0]["finish_reason"] == "length":
            print("note: the reply stops early, at the maximum number of tokens")
        for warning in completion.get("warnings", []):
            print(f"warning: {warning}")
        print(f"model: {completion['model']}")
        if usage := completion.get("usage"):
            print(f"usage: {usage['prompt_tokens']} prompt + {usage['completion_tokens']} completion tokens")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask a local model through ollama-mcp.")
    parser.add_argument("prompt")
    parser.add_argument("--server", default="ollama-mcp", help="the ollama-mcp binary (default: the one on PATH)")
    parser.add_argument("--model", help="default: the server's choice")
    args = parser.parse_args()
    return asyncio.run(run(args.server, args.prompt, args.model))


if __name__ == "__main__":
    sys.exit(main())
