# SPDX-License-Identifier: Apache-2.0
"""Calls of a service by HTTP, as its tests make them."""

from __future__ import annotations

import hashlib
import json
import subprocess

import numpy as np
from conftest import ROOT


def put_keys(service, client, model, token):
    keys = bytes(client.evaluation_keys)
    digest = hashlib.sha256(keys).hexdigest()
    status, _, body = service.call("PUT", f"/v1/keys/{digest}?model={model}", keys, token)
    assert status in (200, 201), body
    return digest


def images(count):
    data = np.frombuffer((ROOT / "Samples/digits-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    return data.reshape(-1, 28, 28)[:count].astype(np.float32)


def request_head(digest, body):
    return body.index(b"\0json-end\0") if b"\0json-end\0" in body else len(infer_head(digest, 0))


def infer_head(digest, size):
    return json.dumps({
        "inputs": [{"name": "request", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": size}}],
        "outputs": [{"name": "reply", "parameters": {"binary_data": True}}], "parameters": {"key_id": digest},
    }).encode()


def infer_body(request, digest):
    tensor = len(request).to_bytes(4, "little") + request
    return infer_head(digest, len(tensor)) + tensor


def infer(service, model, request, digest, token, **more):
    tensor = len(request).to_bytes(4, "little") + request
    head = infer_head(digest, len(tensor))
    return service.call(
        "POST", f"/v2/models/{model}/infer", head + tensor, token, Inference_Header_Content_Length=str(len(head)),
        **more)


def reply_of(answer):
    """The bytes of a reply, of an answer that has one."""
    status, headers, body = answer
    assert status == 200, body
    return body[int(headers["inference-header-content-length"]) + 4 :]


def metric(service, name, **labels):
    """A counter's or gauge's value; 0 where there is none yet."""
    lines = service.call("GET", "/metrics", port=service.metrics)[2].decode().splitlines()
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in lines
        if line.split("{")[0].split(" ")[0] == name and all(label in line for label in wanted))


def certificate(folder, name):
    """A certificate of this machine that signs itself, and its key."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / f"{name}.key",
         "-out", folder / f"{name}.pem"], check=True, capture_output=True)
