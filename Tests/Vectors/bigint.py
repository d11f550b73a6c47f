"""Makes bigint.json: known answers from Python's own integers (python3 bigint.py > bigint.json)."""

import json
import math
import random

random.seed(20240901)


def number(bits):
    return random.getrandbits(bits) * random.choice((-1, 1))


def rounded(a, b):
    """a / b to the nearest integer, ties away from zero."""
    q = (2 * abs(a) + abs(b)) // (2 * abs(b))
    return q if (a < 0) == (b < 0) else -q


def truncated(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


pairs = [(number(random.choice((5, 63, 64, 65, 128, 300, 1000))), number(random.choice((3, 64, 130, 257, 700)))) for _ in range(60)]
pairs += [(7, 2), (-7, 2), (7, -2), (-7, -2), (5, 2), (-5, 2), (0, 3), (2**64, 2**32), (-(2**63), -1), (-(2**127), 2**64)]
arithmetic = []
for a, b in pairs:
    b = b or 1
    q = truncated(a, b)
    arithmetic.append(
        {
            "a": str(a),
            "b": str(b),
            "hex": format(a, "x"),
            "sum": str(a + b),
            "difference": str(a - b),
            "product": str(a * b),
            "quotient": str(q),
            "remainder": str(a - q * b),
            "floor": str(a // b),
            "modulo": str(a % abs(b)),
            "rounded": str(rounded(a, b)),
            "left": str(a << 67),
            "right": str(a >> 67),
            "bits": a.bit_length(),
            "gcd": str(math.gcd(a, b)),
            "root": str(math.isqrt(abs(a))),
        }
    )

powers = []
for bits in (8, 64, 100, 512):
    for _ in range(4):
        m = random.getrandbits(bits) | 1 | (1 << (bits - 1))
        a, e = number(bits + 20), random.getrandbits(bits)
        inverse = str(pow(a, -1, m)) if math.gcd(a, m) == 1 else None
        powers.append({"a": str(a), "e": str(e), "m": str(m), "power": str(pow(a, e, m)), "inverse": inverse})

# Mersenne exponents: 2^p - 1 is prime for the first list (OEIS A000043), composite for the others.
mersenne = {"prime": [2, 3, 5, 7, 13, 17, 19, 31, 61, 89, 107, 127, 521, 607], "composite": [11, 23, 29, 37, 67, 101, 257]}

# psi(n): the smallest strong pseudoprimes to the first n prime bases (OEIS A014233), below 2^64.
pseudoprimes = [2047, 1373653, 25326001, 3215031751, 2152302898747, 3474749660383, 341550071728321, 3825123056546413051]


def is_prime(n):
    """Trial division, then Miller-Rabin to the bases 2 to 59: apart from the Swift code's choice of bases."""
    if n < 2:
        return False
    for p in range(2, 1 << 12):
        if n % p == 0:
            return n == p
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in range(2, 60):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def ntt_primes(bits, step, count):
    found, c = [], ((1 << bits) - 2) // step * step + 1
    while len(found) < count and c >= 1 << (bits - 1):
        if is_prime(c):
            found.append(c)
        c -= step
    return found


ntt = [
    {"bits": b, "step": s, "primes": [str(p) for p in ntt_primes(b, s, 4)]}
    for b, s in ((17, 16384), (20, 16384), (30, 2048), (49, 16384), (50, 131072), (60, 65536))
]
print(
    json.dumps(
        {
            "provenance": "made by Tests/Vectors/bigint.py with Python's integers; lists of OEIS A000043 and A014233",
            "arithmetic": arithmetic,
            "powers": powers,
            "mersenne": mersenne,
            "pseudoprimes": [str(n) for n in pseudoprimes],
            "ntt": ntt,
        },
        indent=1,
    )
)
