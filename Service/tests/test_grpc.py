# SPDX-License-Identifier: Apache-2.0
"""gRPC by those who attack it, and what it takes as models change."""

from __future__ import annotations

import signal
import socket
import time

import grpc
import h2.config
import h2.connection
import h2.events
import numpy as np
import pytest
import tritonclient.grpc
from calls import images, metric, put_keys
from conftest import Service, resident, write_tenants
from tritonclient.grpc import service_pb2

# The transport ends the stream, sometimes before its status is sent.
TOO_LARGE = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED)
SERVICE = "/inference.GRPCInferenceService/"


@pytest.fixture(scope="module")
def small(tmp_path_factory, plans):
    """One worker, one group a request, a second for a message."""
    folder = tmp_path_factory.mktemp("grpc")
    plans[0]["mnist"].save(folder / "models/mnist")
    tokens = write_tenants(folder / "tenants.json", {"ward": {}})
    running = Service(folder, groups=1, bodySeconds=1)
    running.tokens = tokens
    yield running
    assert running.stop() == 0


def channel(service, **more):
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    return grpc.insecure_channel(f"127.0.0.1:{service.grpc}", options=options, **more)


def bearer(service):
    return [("authorization", f"Bearer {service.tokens['ward']}")]


def is_well(service):
    return tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{service.grpc}").is_server_live()


def status_of_silence(service, method, metadata):
    with channel(service) as open_channel:
        ended = []

        def nothing():
            while not ended:
                time.sleep(0.05)
            return
            yield

        future = open_channel.stream_unary(SERVICE + method).future(nothing(), metadata=metadata, timeout=20)
        try:
            return future.code()
        finally:
            ended.append(True)


def test_tokens_come_first(small):
    """Without a token a call ends before its message; with one it ends when the message takes too long."""
    for method in ("ModelInfer", "ModelMetadata", "ModelReady"):
        assert status_of_silence(small, method, []) == grpc.StatusCode.UNAUTHENTICATED
        assert status_of_silence(small, method, [("authorization", "Bearer x")]) == grpc.StatusCode.UNAUTHENTICATED
    assert status_of_silence(small, "ModelInfer", bearer(small)) == grpc.StatusCode.DEADLINE_EXCEEDED
    # What needs no token says nothing either.
    assert status_of_silence(small, "ServerLive", []) == grpc.StatusCode.OK


def test_memory_comes_first(tmp_path, plans):
    """Where a message might not fit into what bodies may take, the call ends before it."""
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    service = Service(tmp_path, bodyMemory=100_000)
    service.tokens = tokens
    assert status_of_silence(service, "ModelInfer", bearer(service)) == grpc.StatusCode.UNAVAILABLE
    assert service.stop() == 0


def send(service, message, **more):
    with channel(service) as open_channel:
        try:
            open_channel.unary_unary(SERVICE + "ModelInfer")(message, timeout=60, **more)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def test_large_messages(small):
    before = resident(small.process.pid)
    assert send(small, bytes(100 << 20), metadata=bearer(small)) in TOO_LARGE
    assert send(small, b"\xff" * 1000, metadata=bearer(small)) == grpc.StatusCode.INVALID_ARGUMENT
    assert is_well(small) and resident(small.process.pid) < before + 50


def test_compressed_bombs(small):
    """A quarter of a gigabyte of zeros in a quarter of a megabyte."""
    before = resident(small.process.pid)
    bomb = service_pb2.ModelInferRequest(raw_input_contents=[bytes(1 << 28)]).SerializeToString()
    for _ in range(3):
        code = send(small, bomb, metadata=bearer(small), compression=grpc.Compression.Gzip)
        assert code not in (grpc.StatusCode.OK, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN), code
    assert is_well(small) and resident(small.process.pid) < before + 50


class Raw:
    """HTTP/2 frames by hand."""

    def __init__(self, service):
        self.socket = socket.create_connection(("127.0.0.1", service.grpc), timeout=20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def ends(self):
        """Whether the service ends the connection or the streams."""
        try:
            while data := self.socket.recv(65_536):
                for event in self.h2.receive_data(data):
                    if isinstance(event, (h2.events.ConnectionTerminated, h2.events.StreamReset)):
                        return True
            return True
        except TimeoutError:
            return False
        except OSError:
            return True


HEADERS = [
    (b":method", b"POST"), (b":scheme", b"http"), (b":path", SERVICE.encode() + b"ServerLive"), (b":authority", b"x"),
    (b"content-type", b"application/grpc"), (b"te", b"trailers"),
]


class Whatever:
    """The other side may have ended the connection already."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, OSError)


def test_header_floods(small):
    before = resident(small.process.pid)
    # Names that take a megabyte, once decoded.
    raw = Raw(small)
    raw.h2.send_headers(1, HEADERS + [(f"x-{number}".encode(), b"y" * 100) for number in range(10_000)])
    with Whatever():
        raw.flush()
    assert raw.ends()
    # Headers that never end.
    raw = Raw(small)
    block = raw.h2.encoder.encode(HEADERS)

    def frame(kind, data):
        return len(data).to_bytes(3, "big") + bytes([kind, 0]) + (1).to_bytes(4, "big") + data

    with Whatever():
        raw.socket.sendall(frame(1, block))
        for _ in range(20_000):
            raw.socket.sendall(frame(9, b"\x00\x01x\x7f\x80\x01" + b"y" * 255))
    assert raw.ends()
    assert is_well(small) and resident(small.process.pid) < before + 50


def test_streams_that_are_reset(small):
    """Calls that are begun and given up, thousands of them: the connection may end, the service goes on."""
    before = resident(small.process.pid)
    for _ in range(4):
        raw = Raw(small)
        with Whatever():
            for number in range(1500):
                stream = raw.h2.get_next_available_stream_id()
                raw.h2.send_headers(stream, HEADERS)
                raw.h2.reset_stream(stream)
                if number % 50 == 0:
                    raw.flush()
            raw.flush()
        raw.socket.close()
    assert is_well(small) and resident(small.process.pid) < before + 80


def ask(service, model, client, samples, digest, **more):
    request = client.encrypt(samples)
    message = service_pb2.ModelInferRequest(
        model_name=model, inputs=[{"name": "request", "datatype": "BYTES", "shape": [1]}],
        raw_input_contents=[len(bytes(request)).to_bytes(4, "little") + bytes(request)])
    message.parameters["key_id"].string_param = digest
    open_channel = channel(service)
    call = open_channel.unary_unary(
        SERVICE + "ModelInfer", request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=service_pb2.ModelInferResponse.FromString)
    return open_channel, call.future(message, metadata=bearer(service), timeout=60, **more), request


def test_clients_that_leave(tmp_path, plans, clients):
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    service = Service(tmp_path, workers=1, groups=200)
    service.tokens = tokens
    digest = put_keys(service, clients["mnist"], "mnist", tokens["ward"])
    open_channel, call, _ = ask(service, "mnist", clients["mnist"], np.zeros((200, 28, 28), np.float32), digest)
    for _ in range(200):
        if metric(service, "blindsight_stage_seconds_count", stage="predict") > 0:
            break
        time.sleep(0.02)
    call.cancel()
    for _ in range(200):
        if metric(service, "blindsight_refusals_total", reason="gone") == 1:
            break
        time.sleep(0.05)
    assert metric(service, "blindsight_refusals_total", reason="gone") == 1
    assert metric(service, "blindsight_stage_seconds_count", stage="predict") < 200
    open_channel.close()
    assert service.stop() == 0


def test_models_that_need_larger_messages(tmp_path, plans, clients):
    """A service that began with small requests takes larger ones once a model needs them."""
    plans[0]["score"].save(tmp_path / "models/score")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    service = Service(tmp_path, groups=1)
    service.tokens = tokens
    client, sample = clients["mnist"], images(1)
    code = send(service, bytes(len(bytes(client.encrypt(sample)))), metadata=bearer(service))
    assert code in TOO_LARGE
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    service.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if service.call("GET", "/v2/models/mnist", token=tokens["ward"])[0] == 200:
            break
        time.sleep(0.1)
    digest = put_keys(service, client, "mnist", tokens["ward"])
    open_channel, call, request = ask(service, "mnist", client, sample, digest, wait_for_ready=True)
    reply = call.result().raw_output_contents[0][4:]
    assert np.array_equal(client.decrypt(reply, request).logits, plans[0]["mnist"].simulate(sample).logits)
    open_channel.close()
    assert service.stop() == 0


def test_answers_what_came_in(tmp_path, plans, clients):
    """SIGTERM while a request of many groups is answered: its reply comes whole."""
    plans[0]["mnist"].save(tmp_path / "models/mnist")
    tokens = write_tenants(tmp_path / "tenants.json", {"ward": {}})
    service = Service(tmp_path, workers=1, groups=100)
    service.tokens = tokens
    client = clients["mnist"]
    digest = put_keys(service, client, "mnist", tokens["ward"])
    samples = np.tile(images(3), (20, 1, 1))
    open_channel, call, request = ask(service, "mnist", client, samples, digest)
    for _ in range(200):
        if metric(service, "blindsight_stage_seconds_count", stage="predict") > 0:
            break
        time.sleep(0.02)
    service.process.send_signal(signal.SIGTERM)
    reply = call.result().raw_output_contents[0][4:]
    assert np.array_equal(client.decrypt(reply, request).logits, plans[0]["mnist"].simulate(samples).logits)
    open_channel.close()
    assert service.process.wait(timeout=30) == 0
