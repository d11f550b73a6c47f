# SPDX-License-Identifier: Apache-2.0
"""A small service for the page's tests, on Python's wheel. It keeps all that it was ever sent, for a test to look at.

Usage: server.py --plan FOLDER --pages Web/dist [--network network.json] [--port 0] [--forget]
It prints its address, and serves until its input ends.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Optional

import blindsight

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
LARGEST_BODY = 256 << 20


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Recording(io.RawIOBase):
    """What arrives at a socket, every byte of it kept."""

    def __init__(self, connection: socket.socket, record: bytearray) -> None:
        self._connection = connection
        self._record = record

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._connection.recv_into(buffer)
        except ConnectionResetError:
            return 0
        self._record += memoryview(buffer)[:count]
        return count


class Service(ThreadingHTTPServer):
    """One model, and the keys of clients."""

    daemon_threads = True

    def __init__(self, plan: blindsight.Plan, pages: Path, network: Optional[bytes] = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.model = blindsight.PreparedModel(plan)
        self.plan_bytes = bytes(plan.client)
        self.pages = pages.resolve()
        self.network = network
        self.servers: dict[str, blindsight.Server] = {}
        self.lock = threading.Lock()
        # What becomes of a reply: a test may spoil it.
        self.answers: Callable[[bytes], bytes] = lambda reply: reply
        # One for each connection; and of each request its first line.
        self.records: list[bytearray] = []
        self.lines: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def received(self) -> bytes:
        """All bytes that were ever received."""
        return b"\n".join(bytes(record) for record in self.records)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def setup(self) -> None:
        super().setup()
        record = bytearray()
        self.server.records.append(record)
        self.rfile = io.BufferedReader(Recording(self.connection, record))

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(self.get)

    def do_HEAD(self) -> None:
        self.answer(self.head)

    def do_PUT(self) -> None:
        self.answer(self.put)

    def do_POST(self) -> None:
        self.answer(self.post)

    def answer(self, body: Any) -> None:
        self.server.lines.append(self.requestline)
        try:
            status, headers, content = body()
        except Refusal as refusal:
            status, headers = refusal.status, {"Content-Type": "application/json"}
            content = json.dumps({"error": str(refusal)}).encode()
        except blindsight.BlindsightError as error:
            status, headers = 400, {"Content-Type": "application/json"}
            content = json.dumps({"error": str(error)}).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def body(self) -> bytes:
        length = int(self.headers.get("Content-Length", "0"))
        if length > LARGEST_BODY:
            raise Refusal(413, "too long")
        return self.rfile.read(length)

    def get(self) -> tuple[int, dict[str, str], bytes]:
        if self.path.endswith("/client.plan"):
            return 200, {"Content-Type": "application/octet-stream"}, self.server.plan_bytes
        if self.path.endswith("/network.json") and self.server.network is not None:
            return 200, {"Content-Type": "application/json"}, self.server.network
        found = re.fullmatch(r"/demo/([\w./-]*)(\?.*)?", self.path)
        if found:
            path = (self.server.pages / (found.group(1) or "index.html")).resolve()
            if path.is_file() and self.server.pages in path.parents:
                return 200, {"Content-Type": TYPES.get(path.suffix, "text/plain")}, path.read_bytes()
        raise Refusal(404, f"nothing at {self.path}")

    def digest(self) -> str:
        found = re.fullmatch(r"/v1/keys/([0-9a-f]{64})(\?model=[\w.-]+)?", self.path)
        if not found:
            raise Refusal(404, f"nothing at {self.path}")
        return found.group(1)

    def head(self) -> tuple[int, dict[str, str], bytes]:
        if self.digest() not in self.server.servers:
            raise Refusal(404, "unknown keys")
        return 200, {}, b""

    def put(self) -> tuple[int, dict[str, str], bytes]:
        digest, body = self.digest(), self.body()
        if hashlib.sha256(body).hexdigest() != digest:
            raise Refusal(400, "the digest is not the keys'")
        is_known = digest in self.server.servers
        if not is_known:
            self.server.servers[digest] = self.server.model.server(body)
        return 200 if is_known else 201, {}, b""

    def post(self) -> tuple[int, dict[str, str], bytes]:
        body = self.body()
        if not re.fullmatch(r"/v2/models/[\w.-]+/infer", self.path):
            raise Refusal(404, f"nothing at {self.path}")
        length = int(self.headers.get("Inference-Header-Content-Length", "0"))
        head = json.loads(body[:length])
        tensor = head["inputs"][0]
        data = body[length:]
        if tensor["datatype"] != "BYTES" or tensor["parameters"]["binary_data_size"] != len(data):
            raise Refusal(400, "the request is no tensor of bytes")
        if int.from_bytes(data[:4], "little") != len(data) - 4:
            raise Refusal(400, "the tensor's length is not what it says")
        server = self.server.servers.get(head["parameters"]["key_id"])
        if server is None:
            raise Refusal(404, "unknown keys")
        with self.server.lock:
            reply = self.server.answers(bytes(server.predict(data[4:])))
        output = {"name": "reply", "datatype": "BYTES", "shape": [1]}
        answer = {"model_name": "model", "outputs": [{**output, "parameters": {"binary_data_size": len(reply) + 4}}]}
        text = json.dumps(answer).encode()
        headers = {
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(text)),
        }
        return 200, headers, text + len(reply).to_bytes(4, "little") + reply


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    network = options.network.read_bytes() if options.network else None
    service = Service(blindsight.Plan.load(options.plan), options.pages, network, options.port)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print(service.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "forget":
            service.servers.clear()
            print("forgotten", flush=True)
    service.shutdown()


if __name__ == "__main__":
    main()
