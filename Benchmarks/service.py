"""What the service adds to the engine: requests for mnist.onnx over HTTP on loopback, beside the same in this process.

    python3 Benchmarks/service.py                    # needs what `make build-service` builds
    python3 Benchmarks/service.py --seconds 20 --load 0.5
    python3 Benchmarks/service.py --abuse --seconds 600           # slow clients, more than it can serve, many tenants

One part keeps so many connections busy as there are workers: requests a second. The other is an open loop of a
compiled program, blindsight-load: requests come by a Poisson process at a part of that rate, whether answers came or
not; latency counts from when a request should have gone, and requests that went late or were lost are counted. Every
reply is decrypted and compared at the end. With --abuse: 1,000 clients of a byte a second beside one that is in a
hurry; forty that ask at once where sixteen may wait; and what a further tenant's keys take. Function privacy 0.
"""

import argparse
import hashlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Python/src"))
sys.path.insert(0, str(ROOT / "Service/tests"))


class Caller:
    """One connection that asks the same again and again."""

    def __init__(self, service, token, digest, request):
        tensor = len(request).to_bytes(4, "little") + request
        head = json.dumps({
            "inputs": [{"name": "request", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(tensor)}}],
            "outputs": [{"name": "reply", "parameters": {"binary_data": True}}], "parameters": {"key_id": digest},
        }).encode()
        self.body = head + tensor
        self.headers = {"Authorization": f"Bearer {token}", "Inference-Header-Content-Length": str(len(head))}
        self.connection = http.client.HTTPConnection("127.0.0.1", service.http)

    def ask(self):
        self.connection.request("POST", "/v2/models/mnist/infer", self.body, self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            return answer.status, None
        return 200, body[int(answer.getheader("Inference-Header-Content-Length")) + 4 :]


def in_process(bs, plan, client, request, seconds, threads):
    """Predictions a second on servers of one thread each, and the median of one alone on all threads."""
    model = bs.PreparedModel(plan)
    servers = [model.server(client.evaluation_keys, threads=1) for _ in range(threads)]
    alone = model.server(client.evaluation_keys)
    times = []
    for _ in range(60):
        start = time.perf_counter()
        alone.predict(request)
        times.append(time.perf_counter() - start)
    counts = [0] * threads
    end = time.perf_counter() + seconds

    def work(place):
        while time.perf_counter() < end:
            servers[place].predict(request)
            counts[place] += 1

    run([threading.Thread(target=work, args=(place,)) for place in range(threads)])
    return sum(counts) / seconds, statistics.median(times[5:])


def run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def beside_slow_clients(service, token, digest, request):
    def latencies():
        caller = Caller(service, token, digest, request)
        times = []
        for _ in range(300):
            start = time.perf_counter()
            assert caller.ask()[0] == 200
            times.append(time.perf_counter() - start)
            time.sleep(0.01)
        times.sort()
        return 1e3 * statistics.median(times), 1e3 * times[int(0.99 * len(times))]

    alone = latencies()
    head = (
        f"POST /v2/models/mnist/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(request) + 200}\r\nInference-Header-Content-Length: 196\r\n\r\n").encode()
    slow = [socket.create_connection(("127.0.0.1", service.http)) for _ in range(1000)]
    for connection in slow:
        connection.sendall(head)
    ended = threading.Event()

    def drip():
        """Each a byte a second, at a moment of its own: a hundredth of them every 10 ms."""
        turn = 0
        while not ended.wait(0.01):
            for connection in slow[turn % 100 :: 100]:
                try:
                    connection.send(b"x")
                except OSError:
                    pass
            turn += 1

    threading.Thread(target=drip, daemon=True).start()
    time.sleep(2)
    beside = latencies()
    ended.set()
    for connection in slow:
        connection.close()
    print(
        f"alone: median {alone[0]:.1f} ms, p99 {alone[1]:.1f} ms; beside 1,000 slow clients: {beside[0]:.1f} ms, "
        f"{beside[1]:.1f} ms ({beside[1] / alone[1]:.2f} times)")


def overload(service, token, digest, request, seconds, is_right):
    from conftest import resident

    counts, refusals, lock, end = {}, [], threading.Lock(), time.perf_counter() + seconds
    wrong = [0]

    def push(place):
        caller = Caller(service, token, digest, request)
        while time.perf_counter() < end:
            start = time.perf_counter()
            status, reply = caller.ask()
            elapsed = time.perf_counter() - start
            with lock:
                counts[status] = counts.get(status, 0) + 1
                if status == 503:
                    refusals.append(elapsed)
            if status == 503:
                time.sleep(0.05)
            elif counts[status] % 50 == place and not is_right(reply):
                wrong[0] += 1

    threads = [threading.Thread(target=push, args=(place,)) for place in range(40)]
    for thread in threads:
        thread.start()
    time.sleep(min(5, seconds / 2))
    warm = resident(service.process.pid)
    for thread in threads:
        thread.join()
    refusals.sort()
    middle = 1e3 * statistics.median(refusals) if refusals else float("nan")
    print(
        f"overload for {seconds:.0f} s: {counts}, {wrong[0]} wrong of a fiftieth, refused in {middle:.0f} ms (median), "
        f"memory {warm:.0f} MB, at the end {resident(service.process.pid):.0f} MB")


def abuse(bs, plan, seconds):
    from conftest import Service, resident, write_tenants

    folder = Path(tempfile.mkdtemp())
    plan.save(folder / "models/mnist")
    tokens = write_tenants(folder / "tenants.json", {f"t{number}": {} for number in range(19)})
    service = Service(folder, queue=16)
    sample = np.zeros((1, 28, 28), np.float32)
    expected = plan.simulate(sample).logits

    def enter(number, asks):
        with bs.connect(service.url, "mnist", token=tokens[f"t{number}"]) as remote:
            client = bs.Client(remote.plan)
            if asks:
                remote.predict(client, sample)
            else:
                remote.send_keys(client.evaluation_keys)
            return client

    # The first keys that are checked while others are in memory take what a check works with, once.
    clients = [enter(number, True) for number in range(3)]
    sizes = [resident(service.process.pid)]
    for first, count, asks in ((3, 5, True), (8, 1, False), (9, 10, False)):
        for number in range(first, first + count):
            enter(number, asks)
        sizes.append(resident(service.process.pid))
    print(
        f"a further tenant: keys cached {(sizes[1] - sizes[0]) / 5:.1f} MB, not {(sizes[3] - sizes[2]) / 10:.2f} MB "
        f"(the first of those {sizes[2] - sizes[1]:.1f} MB)")
    client = clients[0]
    digest = hashlib.sha256(bytes(client.evaluation_keys)).hexdigest()
    request = client.encrypt(sample)
    asked = (service, tokens["t0"], digest, bytes(request))
    beside_slow_clients(*asked)
    overload(*asked, seconds, lambda reply: np.array_equal(client.decrypt(reply, request).logits, expected))
    assert service.stop() == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--load", type=float, nargs="+", default=[0.5])
    parser.add_argument("--abuse", action="store_true")
    options = parser.parse_args()
    import blindsight as bs
    from conftest import Service, write_tenants

    folder = Path(tempfile.mkdtemp())
    plan = bs.compile(ROOT / "Models/mnist.onnx", method="slots", function_privacy=0, progress=False)
    if options.abuse:
        abuse(bs, plan, options.seconds)
        return
    plan.save(folder / "models/mnist")
    tokens = write_tenants(folder / "tenants.json", {"ward": {}})
    cores = os.cpu_count()
    service = Service(folder, queue=512)
    client = bs.Client(plan.client)
    keys = bytes(client.evaluation_keys)
    digest = hashlib.sha256(keys).hexdigest()
    token = tokens["ward"]
    sample = np.zeros((1, 28, 28), np.float32)
    request = client.encrypt(sample)
    expected = plan.simulate(sample).logits
    start = time.perf_counter()
    assert service.call("PUT", f"/v1/keys/{digest}?model=mnist", keys, token)[0] == 201
    print(f"keys of {len(keys) / 1e6:.1f} MB: kept in {1e3 * (time.perf_counter() - start):.0f} ms")
    rate, alone = in_process(bs, plan, client, request, options.seconds, cores)
    print(f"engine in process: {rate:.1f} a second on {cores} threads, one alone {1e3 * alone:.2f} ms")

    caller = Caller(service, token, digest, bytes(request))
    times = []
    for _ in range(40):
        start = time.perf_counter()
        status, reply = caller.ask()
        times.append(time.perf_counter() - start)
        assert status == 200
    assert np.array_equal(client.decrypt(reply, request).logits, expected)
    one = statistics.median(times[5:])
    print(f"service, one at a time: median {1e3 * one:.2f} ms, {1e3 * (one - alone):.2f} ms more")

    counts = [0] * (cores + 1)
    end = time.perf_counter() + options.seconds

    def busy(place):
        own = Caller(service, token, digest, bytes(request))
        while time.perf_counter() < end:
            if own.ask()[0] == 200:
                counts[place] += 1

    run([threading.Thread(target=busy, args=(place,)) for place in range(len(counts))])
    served = sum(counts) / options.seconds
    print(f"service, {len(counts)} connections: {served:.1f} a second, {100 * served / rate:.0f} % of the engine")

    body, kept = folder / "body", folder / "replies"
    body.write_bytes(caller.body)
    for load in options.load:
        done = subprocess.run(
            [ROOT / "Service/.build/release/blindsight-load", "--port", str(service.http), "--path",
             "/v2/models/mnist/infer", "--body", body, "--header-length",
             caller.headers["Inference-Header-Content-Length"], "--rate", str(load * served), "--seconds",
             str(options.seconds), "--replies", kept],
            env={**os.environ, "BLINDSIGHT_TOKEN": token}, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        data, place, wrong = kept.read_bytes(), 0, 0
        while place < len(data):
            end = place + 8 + int.from_bytes(data[place : place + 8], "little")
            wrong += not np.array_equal(client.decrypt(data[place + 8 : end], request).logits, expected)
            place = end
        print(
            f"open loop at {100 * load:.0f} %: {found['due']} requests, {found['statuses'].get('200', 0)} answered, "
            f"{wrong} wrong, {found['lost']} lost, {found['late']} late, median {found['median_ms']:.1f} ms, "
            f"p99 {found['p99_ms']:.1f} ms ({found['p99_ms'] / found['median_ms']:.1f} times)")
    assert service.stop() == 0


if __name__ == "__main__":
    main()
