"""What Python's package costs, and the same model through peers' bindings.

    python3 Benchmarks/python.py                  # all of it; a peer that can't be installed is left out, and is said
    python3 Benchmarks/python.py --only reach     # import, overhead, first prediction, threads, leaks
    python3 Benchmarks/python.py --only peers     # Concrete ML, TenSEAL and Blindsight on one logistic regression

Times are medians of CPU or wall time, as each line says; the machine is what it is while this runs. Function privacy of
all figures of Blindsight is 0.
"""

import argparse
import gc
import json
import math
import os
import statistics
import subprocess
import sys
import threading
import time
from ctypes import byref, c_void_p
from pathlib import Path

import numpy as np

from reporting import machine
from reporting.environments import environment

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Python/src"))


def median(values):
    return statistics.median(values)


def digits(count):
    data = np.frombuffer((ROOT / "Samples/digits-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    images = data.reshape(-1, 28, 28)
    return np.resize(images, (count, 28, 28))


# Reach


def import_time():
    """Of the package alone and of all of it, beside an empty interpreter, seconds of CPU."""

    def seconds(code):
        times = []
        for _ in range(9):
            before = os.times()
            subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": sys.path[0]})
            after = os.times()
            times.append(
                after.children_user - before.children_user + after.children_system - before.children_system)
        return median(times)

    nothing = seconds("pass")
    print(f"import blindsight: {seconds('import blindsight') - nothing:.3f} s of CPU")
    everything = "import blindsight as bs; bs.Client, bs.compile, bs.PreparedModel"
    print(f"import of all of it, numpy too: {seconds(everything) - nothing:.3f} s of CPU; at most 0.3 s")


def paired(first, second, rounds):
    """CPU seconds of this process, one after the other by turns: other processes move both alike. Medians of each and
    of the pairs' ratios, and between which ratios that of all pairs lies, by 19 chances in 20."""
    times = ([], [])
    for index in range(rounds):
        for place in (0, 1) if index % 2 else (1, 0):
            start = time.process_time()
            (first, second)[place]()
            times[place].append(time.process_time() - start)
    ratios = sorted(a / b for a, b in zip(*times))
    away = math.ceil(0.98 * math.sqrt(rounds))
    middle = rounds // 2
    return median(times[0]), median(times[1]), median(ratios), ratios[max(0, middle - away)], ratios[
        min(rounds - 1, middle + away)]


def overhead():
    """Of `Server.predict` over the function of C that it calls, which is Swift's call and one copy of the reply.

    In a process with one arena of memory: else a call on a thread of its own finds other pages than one on the
    caller's, and of 8192 samples at once pages are a tenth of the time, either way.
    """
    import blindsight as bs
    from blindsight._library import Borrowed, NO_PROGRESS, library

    for model, options, count, rounds in (
        ("mnist.onnx", {"method": "slots"}, 1, 1001),
        ("cryptonets.onnx", {"method": "features", "samples": 8192}, 8192, 21),
    ):
        plan = bs.compile(ROOT / "Models" / model, function_privacy=0, progress=False, **options)
        client = bs.Client(plan.client)
        server = bs.PreparedModel(plan).server(client.evaluation_keys, threads=1)
        request = client.encrypt(digits(count))
        borrowed = Borrowed(request.data)

        def raw():
            reply, error = c_void_p(), c_void_p()
            arguments = (*borrowed.arguments, NO_PROGRESS, None, byref(reply), byref(error))
            assert library.bs_server_predict(server._handle.pointer, *arguments) == 0
            library.bs_free(reply)

        raw(), server.predict(request)
        python, swift, ratio, low, high = paired(lambda: server.predict(request), raw, rounds)
        print(
            f"{model}, {count} at once, one thread: Python {1e3 * python:.3f} ms, C {1e3 * swift:.3f} ms of CPU: "
            f"{100 * (ratio - 1):+.2f} % of {rounds} pairs ({100 * (low - 1):+.2f} to {100 * (high - 1):+.2f} %); "
            "at most 1 %"
        )


def layer():
    """What Python does around the call of a prediction, in microseconds: the call itself is left out."""
    import blindsight as bs
    from blindsight import _server

    plan = bs.compile(ROOT / "Models/mnist.onnx", method="slots", function_privacy=0, progress=False)
    client = bs.Client(plan.client)
    server = bs.PreparedModel(plan).server(client.evaluation_keys, threads=1)
    request = client.encrypt(digits(1))
    make, made = _server.make, []
    _server.make = lambda *arguments: made[0] if made else made.append(make(*arguments)) or made[0]
    times = []
    for _ in range(5000):
        start = time.perf_counter()
        server.predict(request)
        times.append(time.perf_counter() - start)
    _server.make = make
    print(f"what Python does around a prediction: {1e6 * median(times):.1f} us")


def first_prediction():
    """From an ONNX logistic regression to its first decrypted prediction, in a process that has imported all."""
    import blindsight as bs
    from sklearn.datasets import load_breast_cancer

    X = load_breast_cancer().data.astype(np.float32)
    for method in ("auto", "slots"):
        walls, cpus = [], []
        for _ in range(9):
            wall, cpu = time.perf_counter(), time.process_time()
            plan = bs.compile(ROOT / "Models/logistic.onnx", X[:300], method=method, progress=False)
            client = bs.Client(plan.client)
            server = bs.PreparedModel(plan).server(client.evaluation_keys)
            found = client.decrypt(server.predict(client.encrypt(X[300:301])))
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            assert (found.logits == plan.simulate(X[300:301]).logits).all()
        print(
            f"logistic regression, ONNX to first decrypted prediction, method {method} ({plan.client.method}): "
            f"{median(walls):.2f} s, {min(walls):.2f} s at best, {median(cpus):.2f} s of CPU; at most 1 s"
        )


def threads():
    """Two threads of Python on two servers, beside one."""
    import blindsight as bs

    plan = bs.compile(ROOT / "Models/mnist.onnx", method="slots", function_privacy=0, progress=False)
    client = bs.Client(plan.client)
    model = bs.PreparedModel(plan)
    servers = [model.server(client.evaluation_keys, threads=1) for _ in range(2)]
    request = client.encrypt(digits(60))

    def predict(index):
        servers[index].predict(request)

    def threaded(count):
        """Seconds of as many threads."""
        workers = [threading.Thread(target=predict, args=(index,)) for index in range(count)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - start

    def forked(count):
        """The same of as many processes, which have no lock between them: what the machine gives just now."""
        start = time.perf_counter()
        children = []
        for index in range(count):
            child = os.fork()
            if child == 0:
                predict(index)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        return time.perf_counter() - start

    rounds = [(threaded(1), threaded(2), forked(1), forked(2)) for _ in range(15)]
    ratios = [2 * one / two for one, two, _, _ in rounds]
    control = [2 * one / two for _, _, one, two in rounds]
    both = [processes / threads for _, threads, _, processes in rounds]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"two threads on two servers: {median(ratios):.2f} times one, {max(ratios):.2f} at best; two processes: "
        f"{median(control):.2f}, {max(control):.2f}; two threads do {median(both):.2f} times what two processes do; "
        f"load of the machine {load:.1f} on {os.cpu_count()} cores; 1.8 is asked for"
    )


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def leaks(cycles=10_000):
    """Clients, servers, requests, replies and predictions made and dropped."""
    import blindsight as bs
    from sklearn.datasets import load_breast_cancer

    X = load_breast_cancer().data.astype(np.float32)
    plan = bs.compile(ROOT / "Models/logistic.onnx", X[:300], method="paillier", key_bits=2048, progress=False)
    slots = bs.compile(ROOT / "Models/logistic.onnx", X[:300], method="slots", function_privacy=0, progress=False)
    keeper = bs.Client(slots.client, threads=1)
    model = bs.PreparedModel(slots, threads=1)
    data = bytes(plan.client)

    def cycle(index):
        bs.ClientPlan.from_bytes(data)
        client = bs.Client(slots.client, threads=1)
        if index % 20 == 0:
            server = model.server(client.make_evaluation_keys(progress=False), threads=1)
            found = client.decrypt(server.predict(client.encrypt(X[:1])))
            found.labels, found.values
        elif index % 2:
            client.encrypt(X[:1])
        try:
            keeper.encrypt([[float("nan")] * 30])
        except bs.DataError:
            pass
        client.close()
        slots.simulate(X[:1])

    for index in range(cycles // 10):
        cycle(index)
    gc.collect()
    before = resident()
    for index in range(cycles):
        cycle(index)
    gc.collect()
    after = resident()
    print(
        f"{cycles} cycles: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after: "
        f"{100 * (after / before - 1):+.1f} %; at most 5 %"
    )


# Peers: one logistic regression of 30 features, standardized, on one core; peers/logistic.py is what users write.

PEERS = {
    "blindsight": None,
    "slots": None,
    "concrete": ["concrete-ml==1.9.0"],
    "tenseal": ["tenseal==0.3.16", "numpy==2.2.6", "scikit-learn"],
}


def measured(name, packages, count):
    """What the script says in an environment of the peer's; raises why it says nothing."""
    python = sys.executable if packages is None else environment(name, packages)
    command = [python, "-W", "ignore", ROOT / "Benchmarks/peers/logistic.py", name, str(count)]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "Python/src") if packages is None else ""})
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][-200:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def peers(count):
    print(f"logistic regression, 30 features, {count} samples one after another; CPU; {machine.processor()}\n")
    print("| | lines | import | compile | keys | ms a sample | request | reply | evaluation keys | same decision |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, packages in PEERS.items():
        try:
            row = measured(name, packages, count)
        except RuntimeError as error:
            print(f"| {name} | left out: {error} |")
            continue
        print(
            f"| {row['version']} | {row['lines']} | {row['import']:.2f} s | {row['compile']:.2f} s "
            f"| {row['keygen']:.2f} s | {1e3 * row['sample']:.3g} | {row['request']:,} B | {row['reply']:,} B "
            f"| {row['keys']:,} B | {row['same']} of {row['samples']} |")


def alone(part, *options, **environ):
    """In a process of its own, which holds nothing of what was measured before."""
    subprocess.run([sys.executable, __file__, "--only", part, *options], check=True, env={**os.environ, **environ})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("reach", "overhead", "threads", "peers", "leaks"))
    parser.add_argument("--samples", type=int, default=50, help="of the peers' model")
    parser.add_argument("--cycles", type=int, default=10_000, help="of objects made and dropped")
    arguments = parser.parse_args()
    if arguments.only == "leaks":
        leaks(arguments.cycles)
    if arguments.only == "overhead":
        if os.environ.get("MALLOC_ARENA_MAX") != "1":
            alone("overhead", MALLOC_ARENA_MAX="1")
        else:
            overhead()
    if arguments.only == "threads":
        threads()
    if arguments.only in (None, "reach"):
        import_time()
        first_prediction()
        layer()
        alone("overhead", MALLOC_ARENA_MAX="1")
        threads()
        alone("leaks", "--cycles", str(arguments.cycles))
    if arguments.only in (None, "peers"):
        peers(arguments.samples)


if __name__ == "__main__":
    main()
