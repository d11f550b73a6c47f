# SPDX-License-Identifier: Apache-2.0
"""Files, pickles, closing, errors, threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MODELS, ROOT, Pair

import blindsight as bs
from blindsight import _library


def test_versions_agree() -> None:
    assert _library.library.bs_version().decode() == bs.__version__
    header = (ROOT / "Sources/BlindsightC/include/blindsight.h").read_text()
    assert f"#define BS_ABI_VERSION {_library.ABI_VERSION}\n" in header
    assert f'version = "{bs.__version__}"' in (ROOT / "Python/pyproject.toml").read_text()


def test_every_call_of_the_header_is_bound() -> None:
    header = re.sub(r"//[^\n]*", "", (ROOT / "Sources/BlindsightC/include/blindsight.h").read_text())
    functions = dict(re.findall(r"\b(bs_\w+)\(([^)]*)\)", header))
    bound = {name: (*parameters, None) for name, parameters in _library._CALLS.items()}
    bound.update({name: parameters for name, (_, parameters) in _library._OTHERS.items()})
    assert set(functions) == set(bound)
    for name, text in functions.items():
        expected = 0 if text.strip() == "void" else text.count(",") + 1
        assert len(bound[name]) == expected, name


def test_files(pair: Pair, breast: tuple[Any, Any], tmp_path: Path) -> None:
    X = breast[0][:3]
    pair.plan.save(tmp_path / "plan")
    assert {"server.plan", "client.plan", "report.md"} <= set(os.listdir(tmp_path / "plan"))
    plan = bs.Plan.load(tmp_path / "plan")
    assert plan.client == pair.plan.client
    client_plan = bs.ClientPlan.load(tmp_path / "plan/client.plan")
    secret = tmp_path / "secret.key"
    pair.client.save(secret, passphrase="of the test")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with pytest.raises(bs.FileError) as refusal:
        pair.client.save(secret)
    assert refusal.value.where == str(secret)
    with pytest.raises(bs.InvalidArgument):
        bs.Client.load(secret, client_plan, passphrase="another")
    with pytest.raises(bs.InvalidArgument):
        bs.Client.load(secret, client_plan)
    client = bs.Client.load(secret, client_plan, passphrase="of the test")
    request = client.encrypt(X)
    request.save(tmp_path / "request.ct")
    reply = bs.PreparedModel(plan).server(client.evaluation_keys).predict(bs.Request.load(tmp_path / "request.ct"))
    # Another object with the same key knows the reply by its request.
    found = pair.client.decrypt(reply, request)
    np.testing.assert_array_equal(found.logits, plan.simulate(X).logits)


def test_refusals_are_counted_wherever_the_key_lies(breast: tuple[Any, Any], tmp_path: Path) -> None:
    X = breast[0][:1]
    plan = bs.compile(MODELS / "logistic.onnx", breast[0][:300], method="slots", function_privacy=0)
    client, stranger = bs.Client(plan.client), bs.Client(plan.client)
    server = bs.PreparedModel(plan).server(stranger.evaluation_keys)

    def refuse() -> None:
        with pytest.raises(bs.DecryptionError):
            client.decrypt(server.predict(client.encrypt(X)))

    refuse()
    refuse()
    client.save(tmp_path / "first.key")
    assert (tmp_path / "first.key.refusals").stat().st_size == 2
    refuse()
    client.save(tmp_path / "first.key", overwrite=True)
    client.save(tmp_path / "second.key")
    for name in ("first", "second"):
        assert (tmp_path / f"{name}.key.refusals").stat().st_size == 3
    client = bs.Client.load(tmp_path / "second.key", plan)
    for _ in range(13):
        refuse()
    with pytest.raises(bs.DecryptionError, match="16 replies"):
        client.decrypt(bs.PreparedModel(plan).server(client.evaluation_keys).predict(client.encrypt(X)))


def test_pickles(pair: Pair, breast: tuple[Any, Any]) -> None:
    X = breast[0][:2]
    plan = pickle.loads(pickle.dumps(pair.plan))
    assert plan.client == pair.plan.client and plan.report == pair.plan.report
    assert pickle.loads(pickle.dumps(pair.plan.client)) == pair.plan.client
    for sealed in (pair.client.evaluation_keys, pair.client.encrypt(X)):
        assert pickle.loads(pickle.dumps(sealed)) == sealed
    predictions = pickle.loads(pickle.dumps(pair.run(X)))
    np.testing.assert_array_equal(predictions.labels, plan.simulate(X).labels)
    with pytest.raises(TypeError, match="secret key"):
        pickle.dumps(pair.client)
    with pytest.raises(TypeError, match="Server"):
        pickle.dumps(pair.server)
    refusal = bs.PlanRefused("what", "where", (bs.Remedy("a change", 'trees="grid"'),))
    assert str(pickle.loads(pickle.dumps(refusal))) == str(refusal)


def test_closing(logistic: bs.Plan, breast: tuple[Any, Any]) -> None:
    with bs.Client(logistic.client) as client:
        assert "key set" in repr(client)
    assert "closed" in repr(client)
    with pytest.raises(bs.InvalidArgument, match="closed"):
        client.encrypt(breast[0][:1])
    client.close()


def test_refusals_say_what_would_work(breast: tuple[Any, Any]) -> None:
    with pytest.raises(bs.PlanRefused) as refusal:
        bs.compile(MODELS / "logistic.onnx")
    assert any("samples" in remedy.what for remedy in refusal.value.remedies)
    with pytest.raises(bs.ModelError):
        bs.compile(b"no model")
    with pytest.raises(bs.FileError) as missing:
        bs.compile("absent.onnx")
    assert missing.value.where == "absent.onnx"
    with pytest.raises(bs.InvalidArgument) as wrong:
        bs.compile(MODELS / "mnist.onnx", method="slow")
    assert wrong.value.where == "method"
    with pytest.raises(bs.InvalidArgument):
        bs.compile(object())
    with pytest.raises(bs.InvalidArgument, match="labels"):
        bs.compile(MODELS / "logistic.onnx", breast[0][:100], breast[1][:99])
    maxpool = np.random.default_rng(1).random((64, 1, 8, 8)) * 16
    with pytest.raises(bs.BlindsightError, match="MaxPool"):
        bs.compile(MODELS / "maxpool.onnx", maxpool)


def test_options_reach_the_planner(breast: tuple[Any, Any]) -> None:
    X = breast[0][:100]
    plan = bs.compile(MODELS / "logistic.onnx", X, method="features", samples=100, bits=(4, 6), function_privacy=64)
    assert plan.client.method == "features"
    assert plan.report["function_privacy_bits"] == 64
    assert 4 <= plan.report["quantization"]["input_bits"] <= 6
    with pytest.raises(bs.InvalidArgument):
        bs.compile(MODELS / "logistic.onnx", X, bits=(6, 4))


def test_reports(logistic: bs.Plan) -> None:
    text = str(logistic)
    assert "Certificate" in text and "accuracy" in text and "What the client learns" in text
    page = logistic._repr_html_()
    assert "certified" in page and "<table>" in page
    assert "<script" not in page


def test_progress_is_told_and_ends_calls() -> None:
    seen: list[tuple[Any, int, int]] = []
    bs.compile(MODELS / "mnist.onnx", method="slots", progress=lambda *report: seen.append(report))
    assert seen and any(stage for stage, _, _ in seen)

    class Stop(Exception):
        pass

    def stop(*_: Any) -> None:
        raise Stop

    with pytest.raises(Stop):
        bs.compile(MODELS / "mnist.onnx", method="slots", progress=stop)


INTERRUPTED = """
import os, signal, sys, threading, time
import blindsight as bs
def interrupt(delay):
    time.sleep(delay)
    global sent
    sent = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
for delay in (0.2, 0.1, 0.05, 0.02, 0.01):
    thread = threading.Thread(target=interrupt, args=[delay], daemon=True)
    try:
        thread.start()
        try:
            bs.compile(sys.argv[1], method="features", samples=8192)
        except KeyboardInterrupt:
            print("interrupted", time.perf_counter() - sent)
            break
        thread.join()
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass  # Done before: on a busy machine the thread may come late.
else:
    print("done before")
"""


def test_interrupts() -> None:
    """At once on a quiet machine; a busy one may take longer, but doesn't wait for the end."""
    command = [sys.executable, "-c", INTERRUPTED, str(MODELS / "cryptonets.onnx")]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    words = result.stdout.split()
    assert words[0] == "interrupted", result.stdout
    assert float(words[1]) < 20


def test_threads(mnist_pair: Pair, digits: tuple[Any, Any]) -> None:
    """Two threads on two servers, and two on one, answer what one does."""
    images = digits[0][:4]
    expected = mnist_pair.plan.simulate(images).logits
    other = mnist_pair.model.server(mnist_pair.client.evaluation_keys, threads=1)
    results: dict[int, Any] = {}

    def work(index: int, server: bs.Server) -> None:
        reply = server.predict(mnist_pair.client.encrypt(images))
        results[index] = mnist_pair.client.decrypt(reply).logits

    servers = (mnist_pair.server, other, mnist_pair.server, other)
    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for logits in results.values():
        np.testing.assert_array_equal(logits, expected)


def _child(plan: bs.Plan, keys: bs.EvaluationKeys, request: bs.Request) -> bs.Reply:
    return bs.PreparedModel(plan).server(keys).predict(request)


_servers: list[bs.Server] = []


def _inherited(request: bs.Request) -> bs.Reply:
    return _servers[0].predict(request)


def test_spawn(pair: Pair, breast: tuple[Any, Any]) -> None:
    X = breast[0][:2]
    request = pair.client.encrypt(X)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        reply = pool.apply(_child, (pair.plan, pair.client.evaluation_keys, request))
    np.testing.assert_array_equal(pair.client.decrypt(reply).logits, pair.plan.simulate(X).logits)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork(pair: Pair, breast: tuple[Any, Any]) -> None:
    """A child goes on with what its parent made."""
    X = breast[0][:2]
    request = pair.client.encrypt(X)
    pair.server.predict(request)
    _servers[:] = [pair.server]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        replies = pool.map(_inherited, [request, request])
    for reply in replies:
        np.testing.assert_array_equal(pair.client.decrypt(reply).logits, pair.plan.simulate(X).logits)


def test_command_line() -> None:
    command = [sys.executable, "-m", "blindsight"]
    result = subprocess.run([*command, "plan", "--help"], stdout=subprocess.PIPE, text=True, check=True)
    assert "--calibration" in result.stdout
    wrong = subprocess.run([*command, "plan", "absent.onnx", "-o", "nowhere"], stderr=subprocess.PIPE, text=True)
    assert wrong.returncode != 0 and "absent.onnx" in wrong.stderr


def test_import_is_light() -> None:
    code = "import sys, blindsight; assert not {'numpy', 'ray'} & set(sys.modules); print(blindsight.__version__)"
    result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert result.stdout.strip() == bs.__version__
