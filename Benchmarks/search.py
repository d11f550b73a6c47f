"""Private search: the scores of a catalogue of made-up unit vectors, encrypted, and the best ten of them.

    python3 Benchmarks/search.py                                  # 100,000 x 128
    python3 Benchmarks/search.py --vectors 50000 --width 128 --function-privacy 40
    python3 Benchmarks/search.py --peer                           # Concrete ML's k-NN too, where it is installed

Needs the shared library beside the Python package (`make check-python` links it), numpy and onnx. Wall time, medians.
"""

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python/src"))


def timed(body):
    start = time.perf_counter()
    found = body()
    return time.perf_counter() - start, found


def ours(count, width, threads, function_privacy, repetitions):
    from blindsight import search

    random = np.random.default_rng(1)
    vectors = random.normal(size=(count, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    planned, catalogue = timed(lambda: search.Catalogue(vectors, function_privacy=function_privacy, progress=False))
    searcher = search.Searcher(catalogue.client, threads=threads)
    made, keys = timed(lambda: searcher.evaluation_keys)
    prepared, server = timed(lambda: catalogue.server(keys, threads=threads))
    queries = vectors[:repetitions]
    seconds, chosen = [], []
    sizes = (0, 0)
    for query in queries:
        requests = searcher.encrypt(query)
        elapsed, replies = timed(lambda: server.scores(requests))
        seconds.append(elapsed)
        elapsed, hits = timed(lambda: searcher.best(replies, 10))
        chosen.append(elapsed)
        expected = catalogue.scores(query)[0]
        if not np.array_equal(searcher.scores(replies)[0], expected):
            raise SystemExit("search: scores differ from the integers")
        best = np.argsort(-expected, kind="stable")[:10]
        if not np.array_equal(hits.places[0], best):
            raise SystemExit("search: another choice than by the integers")
        sizes = (sum(len(bytes(r)) for r in requests), sum(len(bytes(r)) for r in replies))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"Blindsight, {count:,} x {width} on {threads} threads, function privacy {function_privacy}")
    print(f"  catalogue planned       {planned:6.2f} s, weights encoded {prepared:.2f} s")
    print(f"  keys                    {made:6.2f} s, {sum(len(bytes(key)) for key in keys) / 1e6:.1f} MB")
    print(f"  request, reply          {sizes[0] / 1e3:6.1f} kB, {sizes[1] / 1e3:.0f} kB")
    print(f"  server                  {1e3 * statistics.median(seconds):6.1f} ms")
    print(f"  client, the best ten    {1e3 * statistics.median(chosen):6.1f} ms")
    print(f"  memory, both halves     {memory:6.2f} GB")
    print(f"  scores equal to numpy's integers: {len(queries)} of {len(queries)} queries")


def peer(count, width):
    """Concrete ML's nearest neighbours: chosen by the server, under encryption."""
    try:
        from concrete.ml.sklearn import KNeighborsClassifier
    except ImportError:
        print("Concrete ML is not installed: left out")
        return
    random = np.random.default_rng(1)
    vectors = random.normal(size=(count, width))
    model = KNeighborsClassifier(n_neighbors=1, n_bits=2)
    model.fit(vectors, np.arange(count) % 2)
    compiled, _ = timed(lambda: model.compile(vectors))
    first, _ = timed(lambda: model.predict(vectors[:1], fhe="execute"))
    seconds, _ = timed(lambda: model.predict(vectors[1:2], fhe="execute"))
    print(
        f"Concrete ML, nearest of {count} x {width}, 2 bits: compiled in {compiled:.1f} s, keys and a query "
        f"{first:.1f} s, a further one {seconds:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--function-privacy", type=int, default=0)
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    for threads in options.threads:
        ours(options.vectors, options.width, threads, options.function_privacy, options.repetitions)
    if options.peer:
        peer(30, 2)


if __name__ == "__main__":
    main()
