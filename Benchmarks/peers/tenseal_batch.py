#!/usr/bin/env python3
"""CryptoNets' layers on TenSEAL's BFV tensors with a batch axis; one core; prints JSON.

A tensor with a batch axis is what Blindsight's method "features" is: a ciphertext a feature, a slot a sample. The whole network takes
minutes there, so squares and a matrix product of small size are measured, and the network's time is their sum by counts.
"""

import random

import common

try:
    import tenseal
except ImportError as error:
    common.absent("TenSEAL, batch axis", f"TenSEAL can't be imported: {error}")

DEGREE = 8192
# A prime, 1 modulo 2 N; twenty bits.
PLAINTEXT_MODULUS = 1032193
INPUTS, OUTPUTS = 16, 8
# CryptoNets: 5x5 stride 2 to 845, square, 845 -> 100, square, 100 -> 10.
WEIGHTS, SQUARES = 845 * 25 + 845 * 100 + 100 * 10, 845 + 100


def main():
    options = common.arguments(__doc__)
    source = random.Random(1)
    context = tenseal.context(
        tenseal.SCHEME_TYPE.BFV, DEGREE, PLAINTEXT_MODULUS, n_threads=1
    )

    def plain(count, shape):
        return tenseal.plain_tensor(
            [source.randint(-3, 3) for _ in range(count)], shape, dtype="int"
        )

    samples = plain(DEGREE * INPUTS, [DEGREE, 1, INPUTS])
    encrypted = tenseal.bfv_tensor(context, samples, batch=True)
    weights = plain(INPUTS * OUTPUTS, [INPUTS, OUTPUTS])
    product, _ = common.median(lambda: encrypted.mm(weights), options.seconds, 3)
    square, _ = common.median(encrypted.square, options.seconds, 3)
    encryption, _ = common.median(
        lambda: tenseal.bfv_tensor(context, samples, batch=True), options.seconds, 3
    )
    seconds = WEIGHTS * product / (INPUTS * OUTPUTS) + SQUARES * square / INPUTS
    common.report(
        "TenSEAL, batch axis",
        f"TenSEAL {tenseal.__version__}",
        [],
        network={
            "name": "CryptoNets' layers, BFV tensors, N = 8192, by counts",
            "samples": DEGREE,
            "weight_us": 1e6 * product / (INPUTS * OUTPUTS),
            "square_us": 1e6 * square / INPUTS,
            "server_s": seconds,
            "images_per_second": DEGREE / seconds,
            "encrypt_images_per_second": DEGREE / (encryption / INPUTS * 784),
        },
    )


if __name__ == "__main__":
    main()
