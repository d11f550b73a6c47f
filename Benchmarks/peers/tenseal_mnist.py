"""TenSEAL's tutorial network for MNIST (tutorial 4 of its repository), with random weights.

CKKS, N = 8192. One convolution 7x7 with stride 3 and 4 channels, a square, 256 -> 64, a square,
64 -> 10.
"""

import random

import common
import tenseal

WINDOW, STRIDE, CHANNELS, SIDE, HIDDEN, CLASSES = 7, 3, 4, 28, 64, 10
BITS = 26


def matrix(rows, columns, random_source, scale):
    return [[random_source.uniform(-scale, scale) for _ in range(columns)] for _ in range(rows)]


class Network:
    def __init__(self, seed=1):
        source = random.Random(seed)
        self.kernels = [matrix(WINDOW, WINDOW, source, 0.2) for _ in range(CHANNELS)]
        self.bias = [source.uniform(-0.1, 0.1) for _ in range(CHANNELS)]
        windows = ((SIDE - WINDOW) // STRIDE + 1) ** 2
        self.first = matrix(CHANNELS * windows, HIDDEN, source, 0.1)
        self.first_bias = [source.uniform(-0.1, 0.1) for _ in range(HIDDEN)]
        self.second = matrix(HIDDEN, CLASSES, source, 0.1)
        self.second_bias = [source.uniform(-0.1, 0.1) for _ in range(CLASSES)]
        self.image = matrix(SIDE, SIDE, source, 1)

    def encrypted(self, x, windows):
        channels = [
            x.conv2d_im2col(kernel, windows) + bias
            for kernel, bias in zip(self.kernels, self.bias)
        ]
        x = tenseal.CKKSVector.pack_vectors(channels)
        x.square_()
        x = x.mm(self.first) + self.first_bias
        x.square_()
        return x.mm(self.second) + self.second_bias

    def plain(self):
        places = range(0, SIDE - WINDOW + 1, STRIDE)
        window = range(WINDOW)
        values = [
            sum(kernel[i][j] * self.image[y + i][x + j] for i in window for j in window) + bias
            for kernel, bias in zip(self.kernels, self.bias)
            for y in places
            for x in places
        ]
        for weights, bias in ((self.first, self.first_bias), (self.second, self.second_bias)):
            values = [v * v for v in values]
            values = [
                sum(v * row[c] for v, row in zip(values, weights)) + bias[c]
                for c in range(len(bias))
            ]
        return values


def measure(seconds):
    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS,
        poly_modulus_degree=8192,
        coeff_mod_bit_sizes=[31] + [BITS] * 6 + [31],
        n_threads=1,
    )
    context.global_scale = 2**BITS
    context.generate_galois_keys()
    network = Network()

    def encrypt():
        return tenseal.im2col_encoding(context, network.image, WINDOW, WINDOW, STRIDE)

    x, windows = encrypt()
    logits = network.encrypted(x, windows).decrypt()
    error = max(abs(a - b) for a, b in zip(logits, network.plain()))
    latency, samples = common.median(lambda: network.encrypted(x, windows), seconds, 3)
    encryption, _ = common.median(encrypt, seconds / 5, 3)
    return {
        "name": "TenSEAL's tutorial network, CKKS, N = 8192",
        "latency_ms": latency * 1e3,
        "samples": samples,
        "encrypt_ms": encryption * 1e3,
        "largest_error": error,
        "request_bytes": len(x.serialize()),
        "evaluation_key_bytes": len(context.serialize(save_public_key=False)),
    }
