# SPDX-License-Identifier: Apache-2.0
"""A service on loopback with two models and three tenants, and Python's package for the other side."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Python/src"))
import blindsight as bs  # noqa: E402

SERVE = Path(os.environ.get("BLINDSIGHT_SERVE", ROOT / "Service/.build/release/blindsight-serve"))


def lowered(headers) -> dict:
    return {name.lower(): value for name, value in headers.items()}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def resident(pid: int) -> float:
    """Megabytes of memory."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


class Service:
    """A process, and calls of it. Ended by its id."""

    started: ClassVar[list] = []

    def __init__(self, folder: Path, waits: bool = True, **settings):
        self.folder, self.waits = folder, waits
        self.http, self.grpc, self.metrics = free_port(), free_port(), free_port()
        self.settings = {
            "models": str(folder / "models"), "keys": str(folder / "keys"), "tenants": str(folder / "tenants.json"),
            "port": self.http, "grpcPort": self.grpc, "metricsPort": self.metrics, **settings,
        }
        self.start()

    def start(self):
        path = self.folder / "service.json"
        path.write_text(json.dumps({k: v for k, v in self.settings.items() if v is not None}))
        self.log = open(self.folder / "service.log", "ab")
        self.process = subprocess.Popen([SERVE, "--config", path], stdout=subprocess.DEVNULL, stderr=self.log)
        self.started.append(self.process)
        for _ in range(200):
            try:
                if not self.waits:
                    socket.create_connection(("127.0.0.1", self.http)).close()
                    return
                self.call("GET", "/v2/health/ready")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError((self.folder / "service.log").read_text()[-2000:])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http}"

    def call(self, method, path, body=None, token=None, port=None, **headers):
        """Status, headers and body."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port or self.http}{path}", data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, lowered(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, lowered(error.headers), error.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


def write_tenants(path: Path, tenants: dict):
    """The tokens, by name."""
    tokens = {name: secrets.token_hex(32) for name in tenants}
    path.write_text(json.dumps([
        {"name": name, "tokens": [hashlib.sha256(tokens[name].encode()).hexdigest()], **more}
        for name, more in tenants.items()]))
    return tokens


@pytest.fixture(scope="session")
def plans():
    random = np.random.default_rng(1)
    samples = random.normal(size=(400, 6)).astype(np.float32)
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(samples, samples[:, 0] > 0.1)
    return {
        "score": bs.compile(model, calibration=samples, method="slots", function_privacy=0),
        "mnist": bs.compile(ROOT / "Models/mnist.onnx", method="slots", function_privacy=0),
    }, samples


@pytest.fixture(scope="session")
def service(tmp_path_factory, plans):
    folder = tmp_path_factory.mktemp("service")
    for name, plan in plans[0].items():
        plan.save(folder / "models" / name)
    tokens = write_tenants(folder / "tenants.json", {
        "ward": {}, "clinic": {"models": ["score"]}, "trial": {"samples": 3}})
    running = Service(folder)
    running.tokens = tokens
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def clients(plans):
    return {name: bs.Client(plan.client) for name, plan in plans[0].items()}


@pytest.fixture(scope="session", autouse=True)
def no_leftovers():
    """Whatever a test that failed left running ends."""
    yield
    for process in Service.started:
        if process.poll() is None:
            process.kill()
