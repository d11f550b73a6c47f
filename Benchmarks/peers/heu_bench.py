#!/usr/bin/env python3
"""SecretFlow's HEU (PyPI `sf-heu`), its Paillier, on one core; prints JSON. Operations one after the other, as `phe_bench.py`."""

import argparse
import json
import statistics
import sys
import time

try:
    from heu import phe
except ImportError as error:
    json.dump({"available": False, "reason": f"sf-heu can't be imported: {error}"}, sys.stdout)
    sys.exit(0)


def median(operation, seconds):
    operation()
    times, start = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        operation()
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, default=2048)
    parser.add_argument("--seconds", type=float, default=1)
    options = parser.parse_args()
    kit = phe.setup(phe.SchemaType.ZPaillier, options.bits)
    encryptor, decryptor, evaluator = kit.encryptor(), kit.decryptor(), kit.evaluator()
    message = 123456789
    a, b = encryptor.encrypt_raw(message), encryptor.encrypt_raw(2 * message)
    features = [encryptor.encrypt_raw(i) for i in range(30)]
    schema = phe.SchemaType.ZPaillier
    weights = [phe.Plaintext(schema, (i * 37) % 255 - 127) for i in range(30)]

    def dot():
        total = evaluator.mul(features[0], weights[0])
        for x, w in zip(features[1:], weights[1:]):
            evaluator.add_inplace(total, evaluator.mul(x, w))
        return total

    expected = sum(i * ((i * 37) % 255 - 127) for i in range(30))
    if decryptor.decrypt_raw(dot()) != expected:
        raise SystemExit("a dot product decrypts to a wrong result")
    json.dump(
        {
            "available": True,
            "bits": options.bits,
            "microseconds": {
                "encrypt": median(lambda: encryptor.encrypt_raw(message), options.seconds),
                "decrypt": median(lambda: decryptor.decrypt_raw(a), options.seconds),
                "add": median(lambda: evaluator.add(a, b), options.seconds),
                "dot product of 30": median(dot, options.seconds),
            },
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
