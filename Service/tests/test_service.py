# SPDX-License-Identifier: Apache-2.0
"""The service by its standard clients, and by those who attack it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import time

import blindsight as bs
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from calls import certificate, images, infer, infer_body, put_keys, request_head
from conftest import Service, write_tenants


def test_tritonclient_http(service, plans, clients):
    client, token = clients["mnist"], service.tokens["ward"]
    digest = put_keys(service, client, "mnist", token)
    triton = tritonclient.http.InferenceServerClient(f"127.0.0.1:{service.http}")
    headers = {"Authorization": f"Bearer {token}"}
    assert triton.is_server_live() and triton.is_server_ready()
    assert triton.get_server_metadata()["name"] == "blindsight"
    assert triton.is_model_ready("mnist", headers=headers)
    metadata = triton.get_model_metadata("mnist", headers=headers)
    assert metadata["inputs"] == [{"name": "request", "datatype": "BYTES", "shape": [1]}]
    assert metadata["parameters"]["evaluation_key_bytes"] == plans[0]["mnist"].client.evaluation_key_bytes
    samples = images(3)
    expected = plans[0]["mnist"].simulate(samples).logits
    for sample, logits in zip(samples, expected):
        request = client.encrypt(sample[None])
        tensor = tritonclient.http.InferInput("request", [1], "BYTES")
        tensor.set_data_from_numpy(np.array([bytes(request)], dtype=np.object_))
        answer = triton.infer("mnist", [tensor], headers=headers, parameters={"key_id": digest})
        found = client.decrypt(answer.as_numpy("reply")[0], request)
        assert np.array_equal(found.logits[0], logits)
    with pytest.raises(tritonclient.http.InferenceServerException, match="no model"):
        triton.get_model_metadata("absent", headers=headers)
    with pytest.raises(tritonclient.http.InferenceServerException, match="send them"):
        triton.infer("mnist", [tensor], headers=headers, parameters={"key_id": "0" * 64})


def test_tritonclient_grpc(service, plans, clients):
    client, token = clients["mnist"], service.tokens["ward"]
    digest = put_keys(service, client, "mnist", token)
    triton = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{service.grpc}")
    headers = {"authorization": f"Bearer {token}"}
    assert triton.is_server_live() and triton.is_server_ready()
    assert triton.get_server_metadata().name == "blindsight"
    assert triton.is_model_ready("mnist", headers=headers)
    assert triton.get_model_metadata("mnist", headers=headers).inputs[0].datatype == "BYTES"
    sample = images(1)
    request = client.encrypt(sample)
    tensor = tritonclient.grpc.InferInput("request", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([bytes(request)], dtype=np.object_))
    answer = triton.infer("mnist", [tensor], headers=headers, parameters={"key_id": digest})
    found = client.decrypt(answer.as_numpy("reply")[0], request)
    assert np.array_equal(found.logits, plans[0]["mnist"].simulate(sample).logits)
    for name, metadata, text in [("absent", headers, "no model"), ("mnist", {}, "token")]:
        with pytest.raises(tritonclient.grpc.InferenceServerException, match=text):
            triton.infer(name, [tensor], headers=metadata, parameters={"key_id": digest})


def test_connect(service, plans):
    plan, samples = plans[0]["score"], plans[1][:5]
    with bs.connect(service.url, "score", token=service.tokens["clinic"]) as remote:
        client = bs.Client(remote.plan)
        found = remote.predict(client, samples[:1])
        assert np.array_equal(found.logits, plan.simulate(samples[:1]).logits)
        assert remote.digest == remote.metadata["parameters"]["client_plan_sha256"]
        with pytest.raises(bs.MismatchError, match="not the one"):
            bs.connect(service.url, "score", token=service.tokens["clinic"], digest="0" * 64)
        # Keys that went meanwhile are sent again.
        digest = hashlib.sha256(bytes(client.evaluation_keys)).hexdigest()
        assert service.call("DELETE", f"/v1/keys/{digest}", token=service.tokens["clinic"])[0] == 204
        assert len(remote.predict(client, samples[1:2])) == 1
    with pytest.raises(bs.RemoteError, match="token"):
        bs.connect(service.url, "score", token="nonsense")
    with pytest.raises(bs.InvalidArgument, match="https"):
        bs.connect("http://192.0.2.1:1", "score", token="x")


def test_tenants_see_their_own(service, clients):
    """Keys, models, replies and deletes, of one tenant by each other one, and by nobody."""
    ward = service.tokens["ward"]
    score, mnist = clients["score"], clients["mnist"]
    digest = put_keys(service, mnist, "mnist", ward)
    request = infer_body(bytes(mnist.encrypt(images(1))), digest)
    addresses = [
        ("HEAD", f"/v1/keys/{digest}", None), ("DELETE", f"/v1/keys/{digest}", None),
        ("GET", "/v2/models/mnist", None), ("GET", "/v1/models/mnist/client.plan", None),
        ("GET", "/v2/models/mnist/ready", None), ("POST", "/v2/models/mnist/infer", request),
        ("PUT", f"/v1/keys/{'1' * 64}?model=mnist", b"x"),
    ]
    for method, path, body in addresses:
        headers = {} if body is None or method == "PUT" else {"Inference_Header_Content_Length": str(request_head(digest, request))}
        status, _, _ = service.call(method, path, body, service.tokens["clinic"], **headers)
        assert status == 404, (method, path)
        for token in (None, "0" * 64):
            status, _, _ = service.call(method, path, body, token, **headers)
            assert status == 401, (method, path)
    # The same bytes are keys of two tenants, apart.
    own = put_keys(service, score, "score", service.tokens["clinic"])
    assert service.call("HEAD", f"/v1/keys/{own}", token=ward)[0] == 404
    put_keys(service, score, "score", ward)
    assert service.call("DELETE", f"/v1/keys/{own}", token=ward)[0] == 204
    assert service.call("HEAD", f"/v1/keys/{own}", token=service.tokens["clinic"])[0] == 200
    models = json.loads(service.call("GET", "/v2/models", token=service.tokens["clinic"])[2])["models"]
    assert [model["name"] for model in models] == ["score"]


def test_budget(service, clients):
    """Three samples in all, and the count outlives the process."""
    client, token = clients["score"], service.tokens["trial"]
    digest = put_keys(service, client, "score", token)
    samples = np.zeros((1, 6), np.float32)
    statuses = [infer(service, "score", bytes(client.encrypt(samples)), digest, token)[0] for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    service.kill()
    service.start()
    assert infer(service, "score", bytes(client.encrypt(samples)), digest, token)[0] == 429


def test_bad_calls(service, clients):
    client, token = clients["score"], service.tokens["ward"]
    digest = put_keys(service, client, "score", token)
    good = bytes(client.encrypt(np.zeros((1, 6), np.float32)))
    assert infer(service, "score", good, digest, token)[0] == 200
    generator = random.Random(1)
    for _ in range(60):
        bad = bytearray(good)
        kind = generator.randrange(3)
        if kind == 0:
            bad = bad[: generator.randrange(len(bad))]
        elif kind == 1:
            bad[generator.randrange(len(bad))] ^= 1 << generator.randrange(8)
        else:
            bad += bytes(generator.randrange(1, 99))
        status, _, body = infer(service, "score", bytes(bad), digest, token)
        assert status == 400 and json.loads(body)["error"], status
    tensor = len(good).to_bytes(4, "little") + good
    for head, status in [(b"{", 400), (b"[]", 400), (b'{"inputs":[]}', 400), (b'{"inputs":[{"name":"x"}]}', 400)]:
        found = service.call(
            "POST", "/v2/models/score/infer", head + tensor, token, Inference_Header_Content_Length=str(len(head)))
        assert found[0] == status and "error" in json.loads(found[2])
    assert service.call("POST", "/v2/models/score/infer", b"{}", token)[0] == 400
    most = 4 * (json.loads(service.call("GET", "/v2/models/score", token=token)[2])["parameters"]["request_bytes"] + 1024)
    assert service.call("POST", "/v2/models/score/infer", bytes(most + 10_000), token)[0] == 413
    assert infer(service, "score", good, digest, token, Content_Encoding="gzip")[0] == 415
    assert infer(service, "score", good, "xyz", token)[0] == 400
    assert service.call("PUT", f"/v1/keys/{'1' * 64}?model=score", b"rubbish", token)[0] == 400
    assert service.call("PUT", f"/v1/keys/{'1' * 64}", b"rubbish", token)[0] == 400
    other = bytes(bs.Client(client.plan).evaluation_keys)
    wrong = hashlib.sha256(other).hexdigest()
    assert service.call("PUT", f"/v1/keys/{wrong}?model=mnist", other, token)[0] == 400
    assert service.call("GET", "/nowhere", token=token)[0] == 404
    assert infer(service, "score", good, digest, token)[0] == 200


def test_uploads_resume(service, clients):
    client, token = bs.Client(clients["mnist"].plan), service.tokens["ward"]
    keys = bytes(client.evaluation_keys)
    digest = hashlib.sha256(keys).hexdigest()
    path = f"/v1/keys/{digest}?model=mnist"
    # A connection that breaks after a third.
    with socket.create_connection(("127.0.0.1", service.http)) as connection:
        connection.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(keys)}\r\n\r\n".encode()
            + keys[: len(keys) // 3])
        time.sleep(0.5)
    time.sleep(0.5)
    status, headers, _ = service.call("HEAD", f"/v1/keys/{digest}", token=token)
    offset = int(headers["upload-offset"])
    assert status == 404 and 0 < offset <= len(keys) // 3
    assert service.call("PUT", path, keys[offset + 5 :], token, Upload_Offset=str(offset + 5))[0] == 409
    service.kill()
    service.start()
    assert service.call("PUT", path, keys[offset:], token, Upload_Offset=str(offset))[0] == 201
    assert service.call("HEAD", f"/v1/keys/{digest}", token=token)[0] == 200


def test_kills(service, plans, clients):
    """kill -9 at random moments of uploads and predictions: no corrupt file, no wrong reply."""
    client, token, plan = clients["score"], service.tokens["ward"], plans[0]["score"]
    sample = plans[1][:1]
    expected = plan.simulate(sample).logits
    generator = random.Random(7)
    for _ in range(int(os.environ.get("KILLS", "10"))):
        fresh = bs.Client(client.plan)
        pid = os.fork()
        if pid == 0:
            time.sleep(generator.random() * 0.15)
            os.kill(service.process.pid, signal.SIGKILL)
            os._exit(0)
        try:
            digest = put_keys(service, fresh, "score", token)
            for _ in range(50):
                infer(service, "score", bytes(fresh.encrypt(sample)), digest, token)
        except (OSError, AssertionError):
            pass
        os.waitpid(pid, 0)
        service.process.wait()
        generator.random()
        service.start()
        for name in os.listdir(service.folder / "keys/ward"):
            if name.endswith(".key"):
                data = (service.folder / "keys/ward" / name).read_bytes()
                assert hashlib.sha256(data).hexdigest() == name[:-4]
        digest = put_keys(service, fresh, "score", token)
        request = fresh.encrypt(sample)
        status, headers, body = infer(service, "score", bytes(request), digest, token)
        head = int(headers["inference-header-content-length"])
        assert status == 200 and np.array_equal(fresh.decrypt(body[head + 4 :], request).logits, expected)
        service.call("DELETE", f"/v1/keys/{digest}", token=token)


def test_metrics_and_logs(service, clients):
    client, token = clients["score"], service.tokens["ward"]
    digest = put_keys(service, client, "score", token)
    infer(service, "score", bytes(client.encrypt(np.zeros((1, 6), np.float32))), digest, token)
    status, _, body = service.call("GET", "/metrics", port=service.metrics)
    assert status == 200 and b'blindsight_predictions_total{model="score"}' in body
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    assert service.call("GET", "/nowhere", token=token, traceparent=trace)[1]["traceparent"] == trace
    lines = (service.folder / "service.log").read_text().splitlines()
    assert all(json.loads(line)["message"] for line in lines)
    assert not any(token in line for token in service.tokens.values() for line in lines)


def test_reload(service, plans, clients):
    token = service.tokens["ward"]
    plans[0]["score"].save(service.folder / "models/second")
    (service.folder / "models/second/2").mkdir()
    service.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if service.call("GET", "/v2/models/second", token=token)[0] == 200:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("not read anew")
    # What can't be read leaves all as it was.
    (service.folder / "models/second/2/server.plan").write_bytes(b"rubbish")
    service.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert service.call("GET", "/v2/models/second", token=token)[0] == 200
    (service.folder / "models/second/2/server.plan").unlink()


def test_refuses_to_listen_openly(tmp_path, service):
    import subprocess

    from conftest import SERVE

    for settings in ({"host": "0.0.0.0"}, {"host": "0.0.0.0", "tenants": str(service.folder / "tenants.json")}):
        path = tmp_path / "service.json"
        path.write_text(json.dumps({"models": str(service.folder / "models"), "keys": str(tmp_path / "keys"), **settings}))
        done = subprocess.run([SERVE, "--config", path, "--dry-run"], capture_output=True, text=True)
        assert done.returncode != 0 and "loopback" in done.stderr


def test_overload(tmp_path, plans, clients):
    """More than it can serve: some are answered, the rest refused at once, none lost or wrong."""
    import threading

    plans[0]["mnist"].save(tmp_path / "models/mnist")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    busy = Service(tmp_path, workers=1, queue=2)
    client, token = clients["mnist"], tokens["ward"]
    digest = put_keys(busy, client, "mnist", token)
    sample = images(1)
    expected = plans[0]["mnist"].simulate(sample).logits
    requests = [client.encrypt(sample) for _ in range(24)]
    found = [None] * len(requests)

    def ask(place):
        found[place] = infer(busy, "mnist", bytes(requests[place]), digest, token)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [answer[0] for answer in found]
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 3 and 503 in statuses
    for request, (status, headers, body) in zip(requests, found):
        if status == 200:
            head = int(headers["inference-header-content-length"])
            assert np.array_equal(client.decrypt(body[head + 4 :], request).logits, expected)
        else:
            assert headers["retry-after"] == "1"
    assert busy.stop() == 0


def test_published_network(service, clients):
    token = service.tokens["ward"]
    path = service.folder / "models/score/network.json"
    assert service.call("GET", "/v1/models/score/network.json", token=token)[0] == 404
    path.write_text('{"layers": []}')
    service.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        status, _, body = service.call("GET", "/v1/models/score/network.json", token=token)
        if status == 200:
            break
        time.sleep(0.1)
    assert status == 200 and json.loads(body) == {"layers": []}
    assert service.call("GET", "/v1/models/mnist/network.json", token=service.tokens["clinic"])[0] == 404


def test_refused_samples_cost_no_budget(tmp_path, plans, clients):
    """Thirty at once where one may wait: as many samples are counted as were answered."""
    import threading

    plans[0]["mnist"].save(tmp_path / "models/mnist")
    tokens = write_tenants(tmp_path / "tenants.json", {"trial": {"samples": 10_000}})
    busy = Service(tmp_path, workers=1, queue=1)
    client, token = clients["mnist"], tokens["trial"]
    digest = put_keys(busy, client, "mnist", token)
    request = bytes(client.encrypt(images(1)))
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(infer(busy, "mnist", request, digest, token)[0]))
        for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200, 503}
    assert busy.stop() == 0
    assert json.loads((tmp_path / "keys/usage.json").read_text()) == {"trial/mnist": statuses.count(200)}


@pytest.mark.parametrize("limit", [{"samplesPerSecond": 0}, {"samples": -1}, {"keyBytes": -5}])
def test_limits_that_are_none(tmp_path, service, limit):
    import subprocess

    from conftest import SERVE

    write_tenants(tmp_path / "tenants.json", {"ward": limit})
    path = tmp_path / "service.json"
    path.write_text(json.dumps({
        "models": str(service.folder / "models"), "keys": str(tmp_path / "keys"),
        "tenants": str(tmp_path / "tenants.json")}))
    done = subprocess.run([SERVE, "--config", path, "--dry-run"], capture_output=True, text=True)
    assert done.returncode != 0 and "positive" in done.stderr


def test_tls(tmp_path, plans, clients):
    """Over TLS, with certificates of clients: whoever has none isn't heard."""
    import ssl

    certificate(tmp_path, "server")
    certificate(tmp_path, "client")
    plans[0]["score"].save(tmp_path / "models/score")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    for authorities in (None, str(tmp_path / "client.pem")):
        plain = Service(
            tmp_path, certificate=str(tmp_path / "server.pem"), privateKey=str(tmp_path / "server.key"),
            clientAuthorities=authorities, waits=False)
        url = f"https://localhost:{plain.http}"
        trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        known = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        known.load_cert_chain(str(tmp_path / "client.pem"), str(tmp_path / "client.key"))
        sample = plans[1][:1]
        with bs.connect(url, "score", token=tokens["ward"], context=known) as remote:
            found = remote.predict(bs.Client(remote.plan), sample)
        assert np.array_equal(found.logits, plans[0]["score"].simulate(sample).logits)
        if authorities is None:
            bs.connect(url, "score", token=tokens["ward"], context=trusting).close()
        else:
            with pytest.raises(bs.RemoteError):
                bs.connect(url, "score", token=tokens["ward"], context=trusting)
        with pytest.raises(bs.RemoteError, match="CERTIFICATE"):
            bs.connect(url, "score", token=tokens["ward"])
        assert plain.stop() == 0
