#!/usr/bin/env python3
"""OpenFHE's functional bootstrapping (FHEW, GINX, STD128) on one core; prints JSON: seconds a value, by processor time.

    tables_openfhe.py [--values 6]

Its Python wheel gives a table of 3 bits: EvalFunc of any function of p = 8 values, with a refresh.
"""

import argparse
import json
import time

import openfhe


def square(value, p):
    return (value * value + 3) % p


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, default=6)
    count = parser.parse_args().values
    context = openfhe.BinFHEContext()
    context.GenerateBinFHEContext(openfhe.STD128, True, 12, 0, openfhe.GINX, False)
    p = context.GetMaxPlaintextSpace()
    key = context.KeyGen()
    start = time.process_time()
    context.BTKeyGen(key)
    keys = time.process_time() - start
    table = context.GenerateLUTviaFunction(square, p)
    values = [context.Encrypt(key, i % p, openfhe.FRESH, p) for i in range(count)]
    start = time.process_time()
    results = [context.EvalFunc(value, table) for value in values]
    seconds = (time.process_time() - start) / count
    wrong = sum(context.Decrypt(key, result, p) != square(i % p, p) for i, result in enumerate(results))
    print(json.dumps({"values": p, "seconds": seconds, "keygen_seconds": keys, "count": count, "wrong": wrong}))


if __name__ == "__main__":
    main()
