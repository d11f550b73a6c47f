"""python-paillier (phe) with gmpy2: the operations of paillier-bench on the same key, and phe's decryptions of our ciphertexts.

    phe_bench.py KEY SECONDS [CHECK]    KEY: what paillier-bench --write-key wrote; CHECK: JSON of paillier-bench
"""

import json
import random
import sys

from common import absent, median

try:
    import gmpy2
    import phe
    from phe import paillier, util
except ImportError as error:
    absent("phe", str(error))

if not util.HAVE_GMP:
    absent("phe", "phe doesn't find gmpy2")


def read_key(path):
    """BSK1, bits, p, q: docs/Paillier.md."""
    data = open(path, "rb").read()
    bits = int.from_bytes(data[4:8], "little")
    half = bits // 16
    p = int.from_bytes(data[8 : 8 + half], "little")
    q = int.from_bytes(data[8 + half : 8 + 2 * half], "little")
    public = paillier.PaillierPublicKey(p * q)
    return bits, public, paillier.PaillierPrivateKey(public, p, q)


def decrypts_ours(public, private, path):
    """How many of our ciphertexts phe decrypts as it should; all, or this fails."""
    ours = json.load(open(path))
    for c, m in zip(ours["ciphertexts"], ours["plaintexts"]):
        assert private.raw_decrypt(int(c, 16)) == int(m, 16) % public.n, "phe decrypts otherwise"
    return len(ours["ciphertexts"])


def dot(row, vector):
    total = vector[0] * row[0]
    for weight, x in zip(row[1:], vector[1:]):
        total = total + x * weight
    return total


bits, public, private = read_key(sys.argv[1])
seconds = float(sys.argv[2])
random.seed(1)
weights = [random.randint(-127, 127) for _ in range(30)]
layer = [[random.randint(-127, 127) for _ in range(784)] for _ in range(10)]
a, b = public.encrypt(5), public.encrypt(-7)
features = [public.encrypt(17 * i - 200) for i in range(30)]
# Fresh masks cost as much as encryptions; 784 pixels share 30 of them, which changes no time.
pixels = [features[i % 30] + i for i in range(784)]

rows = {}
for name, calls, operation in (
    ("encrypt", 5, lambda: public.encrypt(12345)),
    ("decrypt", 5, lambda: private.decrypt(a)),
    ("add", 5, lambda: a + b),
    ("dot product of 30", 5, lambda: dot(weights, features)),
    ("784 x 10", 3, lambda: [dot(row, pixels) for row in layer]),
):
    time_of_call, samples = median(operation, seconds, calls)
    rows[name] = {"microseconds": time_of_call * 1e6, "samples": samples}

json.dump(
    {
        "tool": "phe",
        "available": True,
        "version": phe.__version__ + ", gmpy2 " + gmpy2.version() + ", " + gmpy2.mp_version(),
        "bits": bits,
        "rows": rows,
        "decrypted_of_ours": decrypts_ours(public, private, sys.argv[3]) if len(sys.argv) > 3 else 0,
    },
    sys.stdout,
    indent=1,
)
print()
