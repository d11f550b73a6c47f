# SPDX-License-Identifier: Apache-2.0
"""A server elsewhere: keys and requests over HTTP, by the Open Inference Protocol."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
import time
from typing import Any, Optional
from urllib.parse import quote, urlsplit

from ._client import Client, EvaluationKeys, Request
from ._errors import BlindsightError, InvalidArgument, MismatchError
from ._library import BytesLike
from ._plan import ClientPlan
from ._predictions import Predictions
from ._progress import ProgressOption
from ._sealed import data_of
from ._server import Reply


class RemoteError(BlindsightError):
    """What a service answered, or that it didn't.

    status: of HTTP; None where there was no answer.
    """

    def __init__(self, what: str, where: str, status: Optional[int] = None) -> None:
        super().__init__(what, where)
        self.status = status


def connect(
    url: str,
    model: str,
    *,
    version: Optional[str] = None,
    token: Optional[str] = None,
    digest: Optional[str] = None,
    timeout: float = 60.0,
    context: Optional[ssl.SSLContext] = None,
) -> RemoteModel:
    """A model of a service, such as `blindsight serve` runs.

    url: of the service, "https://host:port".
    version: of the model; None: the newest.
    token: the bearer token that the service's owner gave.
    digest: SHA-256 of client.plan, in hexadecimal, by which the model's owner named it; another plan is refused.
    timeout: seconds for each call.
    context: certificates to trust, or to show.
    """
    return RemoteModel(url, model, version, token, digest, timeout, context)


class RemoteModel:
    """A model of a service: encrypts, asks and decrypts here. Made by `connect`.

    Calls are repeated where the service is busy or the connection breaks, before anything was decrypted: no repetition
    depends on what a reply says.
    """

    _attempts = 5

    def __init__(
        self,
        url: str,
        model: str,
        version: Optional[str],
        token: Optional[str],
        digest: Optional[str],
        timeout: float,
        context: Optional[ssl.SSLContext],
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidArgument(f"'{url}' is no address of a service: https://host:port", "url")
        self._host, self._secure = parts, parts.scheme == "https"
        if token is not None and not self._secure and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise InvalidArgument("a token is sent by https alone", "url")
        self._token, self._timeout, self._context = token, timeout, context
        self._connection: Optional[http.client.HTTPConnection] = None
        self.model, self.version = model, version
        name = quote(model, safe="") + (f"/versions/{quote(version, safe='')}" if version else "")
        self._path = f"/v2/models/{name}"
        _, _, plan = self._call("GET", f"/v1/models/{name}/client.plan")
        found = hashlib.sha256(plan).hexdigest()
        if digest is not None and digest.lower() != found:
            raise MismatchError(f"the service's plan is {found}, not the one that was named", "digest")
        self.digest = found
        self.plan = ClientPlan.from_bytes(plan)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the service says of the model."""
        _, _, body = self._call("GET", self._path)
        found = json.loads(body)
        assert isinstance(found, dict)
        return found

    def send_keys(self, keys: EvaluationKeys) -> str:
        """Gives the service a client's evaluation keys, if it doesn't have them; returns the name that it knows them by.

        An upload that breaks off goes on where it was.
        """
        data = data_of(keys)
        name = hashlib.sha256(data).hexdigest()
        path = f"/v1/keys/{name}"
        for attempt in range(self._attempts):
            status, headers, _ = self._call("HEAD", path, accept=(200, 404))
            if status == 200:
                return name
            offset = int(headers.get("upload-offset", 0))
            view = memoryview(data)[offset:] if offset < len(data) else memoryview(data)[:0]
            try:
                self._call(
                    "PUT",
                    f"{path}?model={quote(self.model, safe='')}",
                    view,
                    {"Upload-Offset": str(min(offset, len(data)))},
                    repeat=False,
                )
                return name
            except RemoteError as error:
                if error.status not in (None, 409, 503) or attempt + 1 == self._attempts:
                    raise
                time.sleep(0.2 * 2**attempt)
        raise AssertionError

    def send(self, request: Request, key: str) -> Reply:
        """The reply to a request, under keys that were sent."""
        data = data_of(request)
        tensor = len(data).to_bytes(4, "little") + bytes(data)
        head = json.dumps(
            {
                "parameters": {"key_id": key},
                "inputs": [
                    {
                        "name": "request",
                        "shape": [1],
                        "datatype": "BYTES",
                        "parameters": {"binary_data_size": len(tensor)},
                    }
                ],
                "outputs": [{"name": "reply", "parameters": {"binary_data": True}}],
            }
        ).encode()
        headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
        _, answer, body = self._call("POST", f"{self._path}/infer", head + tensor, headers)
        length = int(answer.get("inference-header-content-length", len(body)))
        found = body[length + 4 :]
        if int.from_bytes(body[length : length + 4], "little") != len(found):
            raise RemoteError("an answer that is none of the protocol", self._path)
        return Reply(memoryview(found))

    def predict(self, client: Client, samples: Any, *, clamp: bool = False, progress: ProgressOption = None) -> Predictions:
        """Encrypts samples, asks the service, and decrypts what comes back."""
        key = self.send_keys(client.evaluation_keys)
        request = client.encrypt(samples, clamp=clamp, progress=progress)
        try:
            reply = self.send(request, key)
        except RemoteError as error:
            if error.status != 404:
                raise
            # Keys that nobody used for long are deleted.
            reply = self.send(request, self.send_keys(client.evaluation_keys))
        return client.decrypt(reply, request)

    def _call(
        self,
        method: str,
        path: str,
        body: Optional[BytesLike] = None,
        headers: Optional[dict[str, str]] = None,
        *,
        accept: tuple[int, ...] = (200, 201),
        repeat: bool = True,
    ) -> tuple[int, dict[str, str], bytes]:
        sent = dict(headers or {})
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        for attempt in range(self._attempts):
            last = attempt + 1 == self._attempts or not repeat
            try:
                connection = self._open()
                connection.request(method, path, body=body, headers=sent)
                response = connection.getresponse()
                data = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last:
                    raise RemoteError(f"no answer ({error})", self._host.geturl()) from error
                time.sleep(0.2 * 2**attempt)
                continue
            found = {name.lower(): value for name, value in response.getheaders()}
            if response.status in accept:
                return response.status, found, data
            if response.status == 503 and not last:
                time.sleep(min(float(found.get("retry-after", 0.2)), 10.0))
                continue
            try:
                text = str(json.loads(data)["error"])
            except (ValueError, KeyError, TypeError):
                text = response.reason
            raise RemoteError(f"{response.status}: {text}", self._host.geturl() + path, response.status)
        raise AssertionError

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            assert self._host.hostname is not None
            if self._secure:
                self._connection = http.client.HTTPSConnection(
                    self._host.hostname, self._host.port, timeout=self._timeout, context=self._context
                )
            else:
                self._connection = http.client.HTTPConnection(
                    self._host.hostname, self._host.port, timeout=self._timeout
                )
        return self._connection

    def close(self) -> None:
        """Ends the connection; a further call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> RemoteModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
