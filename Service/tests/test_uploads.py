# SPDX-License-Identifier: Apache-2.0
"""Keys that come over several connections at once."""

from __future__ import annotations

import hashlib
import secrets
import threading

import blindsight as bs


def test_uploads_at_once(service, clients):
    """The same keys over several connections: whatever they do to each other, a named file is whole."""
    import threading

    token = service.tokens["ward"]
    for _ in range(4):
        keys = bytes(bs.Client(clients["mnist"].plan).evaluation_keys)
        digest = hashlib.sha256(keys).hexdigest()
        path = service.folder / f"keys/ward/{digest}.key"
        threads = [
            threading.Thread(target=service.call, args=("PUT", f"/v1/keys/{digest}?model=mnist", keys, token))
            for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if path.exists():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        else:
            assert service.call("PUT", f"/v1/keys/{digest}?model=mnist", keys, token)[0] == 201
        assert path.stat().st_mode & 0o777 == 0o600
        assert service.call("DELETE", f"/v1/keys/{digest}", token=token)[0] == 204


def test_uploads_against_each_other(service, clients):
    """One sends keys, another rubbish under the same name, all the time: what gets the name is what was checked."""
    token = service.tokens["ward"]
    ended = threading.Event()
    digest, path = "", ""

    def spoil():
        while not ended.is_set():
            service.call("PUT", path, secrets.token_bytes(5000), token, Upload_Offset="0")

    kept = 0
    keys = bytes(bs.Client(clients["score"].plan).evaluation_keys)
    digest = hashlib.sha256(keys).hexdigest()
    path = f"/v1/keys/{digest}?model=score"
    file = service.folder / f"keys/ward/{digest}.key"
    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        for _ in range(60):
            service.call("PUT", path, keys, token)
            if file.exists():
                kept += 1
                assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
                service.call("DELETE", f"/v1/keys/{digest}", token=token)
    finally:
        ended.set()
        spoiler.join()
    assert kept > 0
