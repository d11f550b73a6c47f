"""Makes and completes paillier.json: known answers of Paillier's scheme for shared keys.

    python3 paillier.py make > paillier.json       new keys and answers; needs phe (python-paillier) and gmpy2
    python3 paillier.py complete paillier.json OURS > new.json
                                                   adds ciphertexts that the test suite wrote to OURS, with phe's decryptions

ISO/IEC 18033-6 gives the scheme by p, q, g = n + 1 and c = g^m r^n mod n^2. Answers are computed here with Python's own integers, and
must equal phe's, raw: two implementations that share nothing with ours. Everything is hexadecimal.
"""

import json
import math
import random
import sys

random.seed(20261121)


def is_prime(n):
    if n % 2 == 0 or any(n % d == 0 for d in range(3, 2000, 2)):
        return False
    s, d = 0, n - 1
    while d % 2 == 0:
        s, d = s + 1, d // 2
    for _ in range(40):
        x = pow(random.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits):
    while True:
        p = random.getrandbits(bits) | 3 << (bits - 2) | 3
        if is_prime(p):
            return p


def small_primes(limit):
    return [p for p in range(2, limit) if all(p % d for d in range(2, math.isqrt(p) + 1))]


SMALL = small_primes(1 << 16)


def has_order(h, p):
    return all((p - 1) % s or pow(h, (p - 1) // s, p) != 1 for s in SMALL)


def key(bits):
    while True:
        p, q = prime(bits // 2), prime(bits // 2)
        n = p * q
        if math.gcd(p - 1, q - 1) != 2 or math.gcd(n, (p - 1) * (q - 1)) != 1 or n.bit_length() != bits:
            continue
        h = -random.randrange(n) ** 2 % n
        if has_order(h, p) and has_order(h, q):
            return p, q, n, pow(h, n, n * n)


def decrypt(c, p, q):
    """By lambda, as Paillier has it: no CRT."""
    n = p * q
    lam = math.lcm(p - 1, q - 1)
    return (pow(c, lam, n * n) - 1) // n * pow(lam, -1, n) % n


def make():
    from phe import paillier

    keys = []
    for bits in (512, 1024, 2048, 3072):
        p, q, n, mask = key(bits)
        square = n * n
        public = paillier.PaillierPublicKey(n)
        private = paillier.PaillierPrivateKey(public, p, q)
        messages = [0, 1, 2, n - 1, n - 2, n // 2, n // 2 + 1] + [random.randrange(n) for _ in range(3 if bits > 1024 else 10)]
        encryptions = []
        for m in messages:
            r = random.randrange(1, n)
            c = (1 + m * n) * pow(r, n, square) % square
            assert c == public.raw_encrypt(m, r) and decrypt(c, p, q) == m == private.raw_decrypt(c)
            encryptions.append({"m": m, "r": r, "c": c})
        cs = [e["c"] for e in encryptions]
        weights = [random.choice((-1, 1)) * random.getrandbits(random.choice((1, 4, 7, 20, 70))) for _ in cs]
        product = 1
        for c, w in zip(cs, weights):
            product = product * pow(c, w, square) % square
        dot = sum(e["m"] * w for e, w in zip(encryptions, weights)) % n
        assert private.raw_decrypt(product) == dot
        keys.append(
            {
                "bits": bits,
                "p": p,
                "q": q,
                "n": n,
                "mask": mask,
                "encryptions": encryptions,
                "sum": cs[3] * cs[8] % square,
                "weights": [("-" if w < 0 else "") + format(abs(w), "x") for w in weights],
                "product": product,
                "dot": dot,
                "ours": [],
            }
        )
    return keys


def complete(keys, ours):
    from phe import paillier

    for entry in keys:
        p, q = int(entry["p"], 16), int(entry["q"], 16)
        private = paillier.PaillierPrivateKey(paillier.PaillierPublicKey(p * q), p, q)
        entry["ours"] = [
            {"c": c, "m": format(private.raw_decrypt(int(c, 16)), "x")}
            for c in ours.get(str(entry["bits"]), [])
        ]
        for one in entry["ours"]:
            assert decrypt(int(one["c"], 16), p, q) == int(one["m"], 16)
    return keys


def hexadecimal(value):
    if isinstance(value, dict):
        return {k: v if k == "bits" else hexadecimal(v) for k, v in value.items()}
    if isinstance(value, list):
        return [hexadecimal(v) for v in value]
    return format(value, "x") if isinstance(value, int) else value


if sys.argv[1] == "make":
    keys = hexadecimal(make())
else:
    keys = complete(json.load(open(sys.argv[2]))["keys"], json.load(open(sys.argv[3])))
json.dump({"provenance": "Tests/Vectors/paillier.py: Python's integers, and phe 1.5.0", "keys": keys}, sys.stdout, indent=1)
print()
