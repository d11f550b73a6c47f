# SPDX-License-Identifier: Apache-2.0
"""`blindsight ask`: keys, encryption, the call and decryption in one."""

from __future__ import annotations

import csv
import hashlib
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from calls import certificate
from conftest import ROOT, Service, free_port, write_tenants

BLINDSIGHT = Path(os.environ.get("BLINDSIGHT", ROOT / ".build/release/blindsight"))
EXAMPLE = ROOT / "Service/.build/release/remote-example"
IMAGES = ROOT / "Samples/digits-images-idx3-ubyte"


def ask(url, *words, token=None, **more):
    environment = {name: value for name, value in os.environ.items() if name != "BLINDSIGHT_TOKEN"}
    if token:
        environment["BLINDSIGHT_TOKEN"] = token
    return subprocess.run(
        [BLINDSIGHT, "ask", "--server", url, *map(str, words)], capture_output=True, text=True, env=environment,
        timeout=120, **more)


def kept_keys(service, tenant):
    folder = service.folder / "keys" / tenant
    return {name for name in os.listdir(folder) if name.endswith(".key")} if folder.exists() else set()


def test_one_sample(service, plans, tmp_path):
    before = kept_keys(service, "ward")
    digest = hashlib.sha256((service.folder / "models/mnist/client.plan").read_bytes()).hexdigest()
    words = ["--model", "mnist", "--input", IMAGES, "--index", "14", "--digest", digest]
    done = ask(service.url, *words, token=service.tokens["ward"])
    assert done.returncode == 0, done.stderr
    assert "Prediction: 7" in done.stdout
    path = tmp_path / "token"
    path.write_text(service.tokens["ward"] + "\n")
    done = ask(service.url, *words, "--token-file", path, "--json")
    assert json.loads(done.stdout)["samples"] == 1
    # The service keeps nothing of it.
    assert kept_keys(service, "ward") == before


def test_a_table(service, plans, tmp_path):
    """More samples than one request has groups for: several requests, one table, the plan's integers."""
    data = np.frombuffer(IMAGES.read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)[:9]
    out = tmp_path / "out.csv"
    done = ask(
        service.url, "--model", "mnist", "--input", IMAGES, "--limit", "9", "-o", out, token=service.tokens["ward"])
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(out.open()))
    expected = plans[0]["mnist"].simulate(data.astype(np.float32)).logits
    assert [[int(row[f"logit_{place}"]) for place in range(10)] for row in rows] == expected.tolist()
    assert out.stat().st_mode & 0o777 == 0o600


def test_rows_that_are_refused(service, plans, tmp_path):
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows = plans[1][:4].tolist()
    lines = [",".join(str(value) for value in row) for row in rows]
    lines[2] = lines[2].replace(",", ",x", 1)
    path.write_text("\n".join(lines) + "\n")
    done = ask(service.url, "--model", "score", "--input", path, "--header", "no", "-o", out,
               token=service.tokens["clinic"])
    assert done.returncode == 0, done.stderr
    status = [row["status"].split(":")[0] for row in csv.DictReader(out.open())]
    assert status == ["decrypted", "decrypted", "refused", "decrypted"]


@pytest.mark.parametrize("words, text", [
    (["--model", "mnist", "--digest", "0" * 64], "not the one that was named"),
    (["--model", "absent"], "no model"),
    (["--model", "mnist", "--index", "100000"], "no sample"),
    (["--model", "score"], "values a sample"),
])
def test_refusals(service, words, text):
    before = kept_keys(service, "ward")
    done = ask(service.url, *words, "--input", IMAGES, token=service.tokens["ward"])
    assert done.returncode not in (0, 139) and text in done.stderr and not done.stdout
    assert kept_keys(service, "ward") == before


def test_tokens(service):
    for token in (None, "nonsense"):
        done = ask(service.url, "--model", "mnist", "--input", IMAGES, token=token)
        assert done.returncode != 0 and "token" in done.stderr
    done = ask("http://192.0.2.1:1", "--model", "mnist", "--input", IMAGES, token="secret-words")
    assert done.returncode != 0 and "https" in done.stderr and "secret-words" not in done.stderr


def test_tls(plans, tmp_path):
    """Over TLS with certificates of both sides; whoever trusts another authority, or has no certificate, asks nothing."""
    certificate(tmp_path, "server")
    certificate(tmp_path, "client")
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    token = write_tenants(tmp_path / "tenants.json", {"ward": {}})["ward"]
    service = Service(
        tmp_path, certificate=str(tmp_path / "server.pem"), privateKey=str(tmp_path / "server.key"),
        clientAuthorities=str(tmp_path / "client.pem"), waits=False)
    words = [f"https://localhost:{service.http}", "--model", "mnist", "--input", IMAGES, "--index", "14"]
    trust = ["--authorities", tmp_path / "server.pem"]
    own = ["--certificate", tmp_path / "client.pem", "--private-key", tmp_path / "client.key"]
    done = ask(*words, *trust, *own, token=token)
    assert done.returncode == 0 and "Prediction: 7" in done.stdout, done.stderr
    for some in (trust, own, [*own, "--authorities", tmp_path / "client.pem"]):
        done = ask(*words, *some, token=token)
        assert done.returncode != 0 and not done.stdout
    assert service.stop() == 0


class Spoiler(http.server.BaseHTTPRequestHandler):
    """Passes calls on, notes them, and makes of replies what its server says."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        request = urllib.request.Request(
            self.server.service.url + self.path, data=body or None, method=self.command, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as found:
                status, names, answer = found.status, found.headers, found.read()
        except urllib.error.HTTPError as error:
            status, names, answer = error.code, error.headers, error.read()
        # Paths of keys differ, as keys do.
        self.server.seen.append((self.command, self.path.split("?")[0][:8], len(body), status))
        if self.path.endswith("/infer"):
            if self.server.fails > 0:
                self.server.fails -= 1
                self.close_connection = True
                return
            answer = self.server.spoil(bytearray(answer), int(names["Inference-Header-Content-Length"]))
        self.send_response(status)
        for name, value in names.items():
            if name.lower() not in ("connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

    def log_message(self, *_):
        pass


def through(service, spoil, words, fails=0):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Spoiler)
    server.service, server.seen, server.spoil, server.fails = service, [], spoil, fails
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = ask(f"http://127.0.0.1:{server.server_address[1]}", *words, token=service.tokens["ward"])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return done, server.seen


def test_nothing_sent_depends_on_what_was_decrypted(service):
    """Replies that decrypt to rubbish, replies that can't be read: the service sees the same calls as of good ones."""
    words = ["--model", "mnist", "--input", IMAGES, "--limit", "6"]

    def rubbish(answer, head):
        # A coefficient of the ciphertext, and the group's checksum made anew.
        start = head + 4
        length = len(answer) - start
        group = answer[start : start + length // 4]
        group[-5000] ^= 0x40
        group[-32:] = hashlib.sha256(group[:-32]).digest()
        answer[start : start + length // 4] = group
        return answer

    def damaged(answer, head):
        answer[-1] ^= 1
        return answer

    good, seen = through(service, lambda answer, head: answer, words)
    assert good.returncode == 0 and len([call for call in seen if call[0] == "POST"]) == 2
    assert seen[-1][0] == "DELETE"
    texts = set()
    for spoil in (rubbish, damaged):
        done, calls = through(service, spoil, words)
        assert done.returncode != 0 and calls == seen
        texts.add(done.stderr)
    assert len(texts) == 2


def test_from_swift(service, plans):
    """RemoteServer, by the example that shows it: nine samples, in several requests."""
    data = np.frombuffer(IMAGES.read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)[:9]
    words = [service.url, "mnist", IMAGES, "9"]
    done = subprocess.run(
        [EXAMPLE, *words], capture_output=True, text=True, timeout=120,
        env={**os.environ, "BLINDSIGHT_TOKEN": service.tokens["ward"]})
    assert done.returncode == 0, done.stderr
    expected = plans[0]["mnist"].simulate(data.astype(np.float32)).logits.tolist()
    assert [json.loads(line.split(" ", 1)[1]) for line in done.stdout.splitlines()] == expected
    done = subprocess.run([EXAMPLE, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "token" in done.stderr


def test_broken_connections(service):
    """An answer that breaks off is asked for again."""
    done, seen = through(
        service, lambda answer, head: answer, ["--model", "mnist", "--input", IMAGES, "--index", "14"], fails=2)
    assert done.returncode == 0 and "Prediction: 7" in done.stdout
    assert len([call for call in seen if call[0] == "POST"]) == 3


def test_serve(service, tmp_path):
    """`blindsight serve` becomes the service, and ends as it does."""
    port = free_port()
    running = subprocess.Popen(
        [BLINDSIGHT, "serve", "--models", service.folder / "models", "--keys", tmp_path / "keys", "--port", str(port)],
        env={**os.environ, "BLINDSIGHT_GRPC_PORT": "0", "BLINDSIGHT_METRICS_PORT": "0"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                assert urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5).status == 200
                break
            except OSError:
                assert running.poll() is None
                time.sleep(0.05)
        running.terminate()
        assert running.wait(timeout=20) == 0
    finally:
        running.kill()
