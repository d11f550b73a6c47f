#!/usr/bin/env python3
"""SEAL's BFV through TenSEAL's `sealapi`, and TenSEAL's tutorial network; one core; prints JSON."""

import common

try:
    import tenseal
    from tenseal import sealapi as seal
except ImportError as error:
    common.absent("SEAL (TenSEAL)", f"TenSEAL can't be imported: {error}")

import tenseal_mnist

ROTATIONS = range(1, 9)


class Setting:
    """Keys, two ciphertexts and the parameters that a row names."""

    def __init__(self, degree):
        bits = common.MODULUS_BITS[degree]
        parameters = seal.EncryptionParameters(seal.SCHEME_TYPE.BFV)
        parameters.set_poly_modulus_degree(degree)
        parameters.set_coeff_modulus(seal.CoeffModulus.Create(degree, bits))
        parameters.set_plain_modulus(common.PLAINTEXT_MODULUS)
        self.context = seal.SEALContext(parameters, True, seal.SEC_LEVEL_TYPE.TC128)
        keys = seal.KeyGenerator(self.context)
        public, self.relin, self.galois = seal.PublicKey(), seal.RelinKeys(), seal.GaloisKeys()
        keys.create_public_key(public)
        keys.create_relin_keys(self.relin)
        # SEAL's generator is 3: the automorphism of a rotation by k is 3^k mod 2N.
        keys.create_galois_keys([pow(3, k, 2 * degree) for k in ROTATIONS], self.galois)
        self.encoder = seal.BatchEncoder(self.context)
        self.encryptor = seal.Encryptor(self.context, public, keys.secret_key())
        self.decryptor = seal.Decryptor(self.context, keys.secret_key())
        self.evaluator = seal.Evaluator(self.context)
        self.slots = [i * 7919 % common.PLAINTEXT_MODULUS for i in range(degree)]
        self.row = {
            "scheme": "BFV",
            "degree": degree,
            "limbs": len(bits) - 1,
            "ciphertext_bits": sum(bits[:-1]),
            "key_bits": sum(bits),
        }

    def plaintext(self):
        plain = seal.Plaintext()
        self.encoder.encode(self.slots, plain)
        return plain

    def encrypted(self):
        cipher = seal.Ciphertext()
        self.encryptor.encrypt(self.plaintext(), cipher)
        return cipher


def check(s, product):
    plain = seal.Plaintext()
    s.decryptor.decrypt(product, plain)
    expected = [x * x % common.PLAINTEXT_MODULUS for x in s.slots]
    if list(s.encoder.decode_uint64(plain)) != expected:
        raise SystemExit("a product decrypts to a wrong result")


def measure(degree, rows):
    s = Setting(degree)
    e, out, plain = s.evaluator, seal.Ciphertext(), s.plaintext()
    a, b, product = s.encrypted(), s.encrypted(), seal.Ciphertext()
    e.multiply(a, b, product)
    a_ntt, plain_ntt, target = seal.Ciphertext(), seal.Plaintext(), seal.Plaintext()
    e.transform_to_ntt(a, a_ntt)
    e.transform_to_ntt(plain, s.context.first_parms_id(), plain_ntt)

    def multiply():
        e.multiply(a, b, out)
        e.relinearize_inplace(out, s.relin)

    def square():
        e.square(a, out)
        e.relinearize_inplace(out, s.relin)

    def rotations():
        total = seal.Ciphertext()
        e.rotate_rows(a, 1, s.galois, total)
        for k in ROTATIONS[1:]:
            e.rotate_rows(a, k, s.galois, out)
            e.add_inplace(total, out)

    multiply()
    check(s, out)
    both_ntt, apart = "both in NTT form", "slots encoded before: Python lists would weigh in"
    share, shares = "a limb's share of a whole ciphertext's", 2 * s.row["limbs"]
    eighth = "an eighth of a sum of 8 rotations; SEAL has no hoisting"
    for name, operation, note, per in [
        ("encode", lambda: s.encoder.encode(s.slots, target), "from a Python list", 1),
        ("encrypt_public", lambda: s.encryptor.encrypt(plain, out), apart, 1),
        ("encrypt_symmetric", lambda: s.encryptor.encrypt_symmetric(plain, out), apart, 1),
        ("decrypt", lambda: s.decryptor.decrypt(a, target), "slots not decoded", 1),
        ("add", lambda: e.add(a, b, out), "", 1),
        ("plaintext_multiply", lambda: e.multiply_plain(a_ntt, plain_ntt, out), both_ntt, 1),
        ("plaintext_multiply_coefficients", lambda: e.multiply_plain(a, plain, out), "", 1),
        ("multiply", lambda: e.multiply(a, b, out), "three polynomials", 1),
        ("relinearize", lambda: e.relinearize(product, s.relin, out), "", 1),
        ("multiply_relinearize", multiply, "", 1),
        ("square_relinearize", square, "", 1),
        ("rotate", lambda: e.rotate_rows(a, 1, s.galois, out), "", 1),
        ("rotate_hoisted", rotations, eighth, len(ROTATIONS)),
        ("modulus_switch", lambda: e.mod_switch_to_next(a, out), "one modulus dropped", 1),
        ("forward_ntt", lambda: e.transform_to_ntt(a, out), share, shares),
        ("inverse_ntt", lambda: e.transform_from_ntt(a_ntt, out), share, shares),
    ]:
        rows.add(name, operation, s.row, note, per)


def main():
    options = common.arguments(__doc__)
    rows = common.Rows(options.seconds)
    for degree in options.degrees:
        measure(degree, rows)
    common.report(
        "SEAL (TenSEAL)",
        f"TenSEAL {tenseal.__version__}, which contains Microsoft SEAL",
        rows.rows,
        network=tenseal_mnist.measure(max(5 * options.seconds, 1)),
    )


if __name__ == "__main__":
    main()
