#!/usr/bin/env python3
"""OpenFHE's BFVrns and BGVrns on one core; prints JSON."""

import math

import common

try:
    import openfhe
except ImportError as error:
    common.absent("OpenFHE", f"openfhe can't be imported: {error}")

ROTATIONS = range(1, 9)
LIMB_BITS = 42
# Four limbs of 42 bits: what depth 3 makes in both schemes.
DEPTH = {8192: 3, 16384: 3}
BV, HYBRID = openfhe.KeySwitchTechnique.BV, openfhe.KeySwitchTechnique.HYBRID
# At N = 8192 hybrid key switching leaves no room for four limbs.
TECHNIQUES = {8192: [("BV", BV)], 16384: [("BV", BV), ("hybrid", HYBRID)]}


class Setting:
    """Keys, two ciphertexts and the parameters that a row names."""

    def __init__(self, scheme, degree, technique):
        name, technique = technique
        bfv = scheme == "BFV"
        p = openfhe.CCParamsBFVRNS() if bfv else openfhe.CCParamsBGVRNS()
        p.SetPlaintextModulus(common.PLAINTEXT_MODULUS)
        p.SetMultiplicativeDepth(DEPTH[degree])
        p.SetRingDim(degree)
        p.SetSecurityLevel(openfhe.SecurityLevel.HEStd_128_classic)
        p.SetKeySwitchTechnique(technique)
        p.SetScalingModSize(LIMB_BITS)
        if not bfv:
            p.SetFirstModSize(LIMB_BITS)
            p.SetScalingTechnique(openfhe.ScalingTechnique.FIXEDMANUAL)
        self.context = cc = openfhe.GenCryptoContext(p)
        feature = openfhe.PKESchemeFeature
        for f in (feature.PKE, feature.KEYSWITCH, feature.LEVELEDSHE, feature.ADVANCEDSHE):
            cc.Enable(f)
        self.keys = cc.KeyGen()
        cc.EvalMultKeyGen(self.keys.secretKey)
        cc.EvalRotateKeyGen(self.keys.secretKey, list(ROTATIONS))
        # Centered, as OpenFHE wants them.
        half = common.PLAINTEXT_MODULUS // 2
        self.slots = [i * 7919 % common.PLAINTEXT_MODULUS - half for i in range(degree)]
        bits = round(math.log2(int(cc.GetModulus())))
        self.row = {
            "scheme": f"{scheme}, {name}",
            "degree": degree,
            "limbs": round(bits / LIMB_BITS),
            "ciphertext_bits": bits,
        }

    def plaintext(self):
        return self.context.MakePackedPlaintext(self.slots)

    def encrypted(self):
        return self.context.Encrypt(self.keys.publicKey, self.plaintext())


def check(s, product):
    plain = s.context.Decrypt(product, s.keys.secretKey)
    plain.SetLength(8)
    t = common.PLAINTEXT_MODULUS
    if [x % t for x in plain.GetPackedValue()[:8]] != [x * x % t for x in s.slots[:8]]:
        raise SystemExit("a product decrypts to a wrong result")


def measure(scheme, degree, technique, rows):
    try:
        s = Setting(scheme, degree, technique)
    except RuntimeError as error:
        note = "refused: " + str(error)[-160:]
        setting = {"scheme": f"{scheme}, {technique[0]}", "degree": degree}
        rows.rows.append({"operation": "all", "note": note, **setting})
        return
    cc, public, secret = s.context, s.keys.publicKey, s.keys.secretKey
    a, b, plain = s.encrypted(), s.encrypted(), s.plaintext()
    product = cc.EvalMultNoRelin(a, b)
    check(s, cc.EvalMult(a, a))

    def rotations():
        digits = cc.EvalFastRotationPrecompute(a)
        total = cc.EvalFastRotation(a, 1, digits)
        for k in ROTATIONS[1:]:
            cc.EvalAddInPlace(total, cc.EvalFastRotation(a, k, digits))

    operations = [
        ("encode", s.plaintext, "from a Python list", 1),
        ("encrypt_public", lambda: cc.Encrypt(public, plain), "slots encoded before", 1),
        ("encrypt_symmetric", lambda: cc.Encrypt(secret, plain), "slots encoded before", 1),
        ("decrypt", lambda: cc.Decrypt(a, secret), "slots decoded too", 1),
        ("add", lambda: cc.EvalAdd(a, b), "", 1),
        ("plaintext_multiply", lambda: cc.EvalMult(a, plain), "plaintext encoded before", 1),
        ("multiply", lambda: cc.EvalMultNoRelin(a, b), "three polynomials", 1),
        ("relinearize", lambda: cc.Relinearize(product), "", 1),
        ("multiply_relinearize", lambda: cc.EvalMult(a, b), "", 1),
        ("square_relinearize", lambda: cc.EvalSquare(a), "", 1),
        ("rotate", lambda: cc.EvalRotate(a, 1), "", 1),
        ("rotate_hoisted", rotations, "an eighth of a sum of 8 fast rotations", len(ROTATIONS)),
    ]
    if scheme == "BGV":
        operations.append(("modulus_switch", lambda: cc.ModReduce(a), "one modulus dropped", 1))
    for name, operation, note, per in operations:
        rows.add(name, operation, s.row, note, per)
    openfhe.ClearEvalMultKeys()
    openfhe.ReleaseAllContexts()


def main():
    options = common.arguments(__doc__)
    rows = common.Rows(options.seconds)
    for degree in options.degrees:
        for scheme in ("BFV", "BGV"):
            for technique in TECHNIQUES.get(degree, []):
                measure(scheme, degree, technique, rows)
    common.report("OpenFHE", f"OpenFHE {getattr(openfhe, '__version__', '')}".strip(), rows.rows)


if __name__ == "__main__":
    main()
