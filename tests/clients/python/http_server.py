"""A server of `ollama-mcp serve` for the checks of its clients."""

import contextlib
import subprocess
import time
from collections.abc import Iterator

# The longest that anything here may take, in seconds.
PATIENCE = 120


@contextlib.contextmanager
def serving(binary: str) -> Iterator[str]:
    """Serves on a free port; gives the address, and ends the server."""
    server = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        first = server.stdout.readline()
        assert first.startswith("ollama-mcp ") and " on http://" in first, first
        yield first.split(" on ")[1].strip()
    finally:
        started = time.monotonic()
        server.terminate()
        assert server.wait(timeout=5) == 0, server.returncode
        assert time.monotonic() - started < 1.5, "the server took too long to end"
