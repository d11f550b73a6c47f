# SPDX-License-Identifier: Apache-2.0
"""Requests of several groups: replies that come as they are made, and clients that leave."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time

import blindsight as bs
import numpy as np
import pytest
from calls import images, infer, infer_head, metric, put_keys, reply_of
from conftest import Service, write_tenants


@pytest.fixture(scope="module")
def batches(tmp_path_factory, plans):
    """One worker, and requests of as many groups as a test likes."""
    folder = tmp_path_factory.mktemp("batches")
    for name, plan in plans[0].items():
        plan.save(folder / "models" / name)
    tokens = write_tenants(folder / "tenants.json", {"ward": {}})
    running = Service(folder, workers=1, groups=200, queue=64)
    running.tokens = tokens
    yield running
    assert running.stop() == 0


def post(service, model, request, digest, token):
    """A connection that sent a request, whose answer nobody read yet."""
    tensor = len(request).to_bytes(4, "little") + request
    head = infer_head(digest, len(tensor))
    connection = http.client.HTTPConnection("127.0.0.1", service.http, timeout=60)
    connection.request("POST", f"/v2/models/{model}/infer", head + tensor, {
        "Authorization": f"Bearer {token}", "Inference-Header-Content-Length": str(len(head))})
    return connection


def wait_until(condition):
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass within 10 s")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_groups_are_answered(batches, plans, clients, count):
    token = batches.tokens["ward"]
    digest = put_keys(batches, clients["mnist"], "mnist", token)
    samples = np.tile(images(3), (2, 1, 1))[:count]
    request = clients["mnist"].encrypt(samples)
    reply = reply_of(infer(batches, "mnist", bytes(request), digest, token))
    found = clients["mnist"].decrypt(reply, request)
    assert np.array_equal(found.logits, plans[0]["mnist"].simulate(samples).logits)


def test_tasks_go_on_while_all_workers_compute(tmp_path, plans, clients):
    """A call that computes nothing does not wait for predictions to end."""
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    token = write_tenants(tmp_path / "tenants.json", {"ward": {}})["ward"]
    busy = Service(tmp_path, groups=100)
    digest = put_keys(busy, clients["mnist"], "mnist", token)
    request = bytes(clients["mnist"].encrypt(np.tile(images(1), (100, 1, 1))))
    connections = [post(busy, "mnist", request, digest, token) for _ in os.sched_getaffinity(0)]

    def predictions():
        return metric(busy, "blindsight_stage_seconds_count", stage="predict")

    wait_until(lambda: predictions() > 0)
    before, calls = predictions(), 40
    for _ in range(calls):
        assert busy.call("GET", "/v2/health/live")[0] == 200
    # Where tasks share their threads with predictions, it is some 25 of them; else about 5.
    assert 0 < predictions() - before < calls / 3
    for connection in connections:
        assert connection.getresponse().status == 200
    assert busy.stop() == 0


def test_last_group_is_shorter(tmp_path, plans):
    """Under paillier a group's length follows from its samples: the answer's length is right before it is made."""
    samples = plans[1]
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(samples, samples[:, 1] > 0)
    plan = bs.compile(model, calibration=samples, method="paillier", function_privacy=0)
    plan.save(tmp_path / "models/linear")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    service = Service(tmp_path)
    client = bs.Client(plan.client)
    digest = put_keys(service, client, "linear", tokens["ward"])
    metadata = json.loads(service.call("GET", "/v2/models/linear", token=tokens["ward"])[2])
    most = metadata["parameters"]["samples_per_group"]
    batch = np.resize(samples, (2 * most + most // 2 + 1, samples.shape[1]))
    request = client.encrypt(batch)
    reply = reply_of(infer(service, "linear", bytes(request), digest, tokens["ward"]))
    assert np.array_equal(client.decrypt(reply, request).logits, plan.simulate(batch).logits)
    assert service.stop() == 0


def test_replies_stream(batches, clients):
    """The first bytes of a reply are there before its last group is made."""
    token = batches.tokens["ward"]
    digest = put_keys(batches, clients["mnist"], "mnist", token)
    request = bytes(clients["mnist"].encrypt(np.zeros((100, 28, 28), np.float32)))
    before = metric(batches, "blindsight_stage_seconds_count", stage="predict")
    connection = post(batches, "mnist", request, digest, token)
    answer = connection.getresponse()
    answer.read(10_000)
    made = metric(batches, "blindsight_stage_seconds_count", stage="predict") - before
    assert 1 <= made < 100
    size = int(answer.getheader("Content-Length"))
    assert len(answer.read()) == size - 10_000
    assert metric(batches, "blindsight_stage_seconds_count", stage="predict") - before == 100


def test_running_work_ends_with_its_client(batches, clients):
    token = batches.tokens["ward"]
    digest = put_keys(batches, clients["mnist"], "mnist", token)
    request = bytes(clients["mnist"].encrypt(np.zeros((200, 28, 28), np.float32)))
    before = metric(batches, "blindsight_stage_seconds_count", stage="predict")
    gone = metric(batches, "blindsight_refusals_total", reason="gone")
    connection = post(batches, "mnist", request, digest, token)
    connection.getresponse().read(1000)
    connection.close()
    wait_until(lambda: metric(batches, "blindsight_refusals_total", reason="gone") == gone + 1)
    assert metric(batches, "blindsight_queue_depth") == 0
    assert metric(batches, "blindsight_stage_seconds_count", stage="predict") - before < 200


def test_queued_work_ends_with_its_client(batches, plans, clients):
    token = batches.tokens["ward"]
    digest = put_keys(batches, clients["mnist"], "mnist", token)
    large = bytes(clients["mnist"].encrypt(np.zeros((200, 28, 28), np.float32)))
    small = bytes(clients["mnist"].encrypt(images(1)))
    before = metric(batches, "blindsight_stage_seconds_count", stage="predict")
    gone = metric(batches, "blindsight_refusals_total", reason="gone")
    # The only worker is busy; forty wait for it, and leave.
    busy = post(batches, "mnist", large, digest, token)
    wait_until(lambda: metric(batches, "blindsight_stage_seconds_count", stage="predict") > before)
    for _ in range(40):
        post(batches, "mnist", small, digest, token).close()
    assert busy.getresponse().read()
    wait_until(lambda: metric(batches, "blindsight_queue_depth") == 0)
    left = metric(batches, "blindsight_refusals_total", reason="gone") - gone
    assert left > 0
    assert metric(batches, "blindsight_stage_seconds_count", stage="predict") - before <= 240 - left
    request = clients["mnist"].encrypt(images(1))
    reply = reply_of(infer(batches, "mnist", bytes(request), digest, token))
    found = clients["mnist"].decrypt(reply, request)
    assert np.array_equal(found.logits, plans[0]["mnist"].simulate(images(1)).logits)


def test_large_requests_hold_nobody_up(batches, clients):
    """A small request has its turn between the groups of a large one."""
    token = batches.tokens["ward"]
    digest = put_keys(batches, clients["mnist"], "mnist", token)
    large = bytes(clients["mnist"].encrypt(np.zeros((150, 28, 28), np.float32)))
    small = bytes(clients["mnist"].encrypt(images(1)))
    before = metric(batches, "blindsight_stage_seconds_count", stage="predict")
    connection = post(batches, "mnist", large, digest, token)
    wait_until(lambda: metric(batches, "blindsight_stage_seconds_count", stage="predict") > before)
    assert infer(batches, "mnist", small, digest, token)[0] == 200
    assert metric(batches, "blindsight_stage_seconds_count", stage="predict") - before < 151
    assert connection.getresponse().read()


def test_a_reader_that_stops(tmp_path, plans, clients):
    """Who asks for much and reads nothing loses its connection, and keeps no worker."""
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    service = Service(tmp_path, workers=1, groups=1000, idleSeconds=1, deadlineSeconds=60)
    client, token = clients["mnist"], tokens["ward"]
    digest = put_keys(service, client, "mnist", token)
    request = bytes(client.encrypt(np.zeros((400, 28, 28), np.float32)))
    tensor = len(request).to_bytes(4, "little") + request
    head = infer_head(digest, len(tensor))
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", service.http))
    connection.sendall(
        f"POST /v2/models/mnist/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(head) + len(tensor)}\r\nInference-Header-Content-Length: {len(head)}\r\n\r\n".encode()
        + head + tensor)
    assert infer(service, "mnist", bytes(client.encrypt(images(1))), digest, token)[0] == 200
    wait_until(lambda: metric(service, "blindsight_refusals_total", reason="gone") == 1)
    connection.close()
    assert service.stop() == 0
