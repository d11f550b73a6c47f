#!/usr/bin/env python3
"""secret.key under a passphrase, by hashlib's scrypt and the cryptography package's AES-GCM.

Usage: protected_key.py wire-v6/slots/secret.key wire-v6/slots/protected.key
"""
import hashlib
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PASSPHRASE = "Blindsight: pâté, 中".encode()
SALT = bytes(range(32))
NONCE = bytes(range(100, 112))
LOG_N, R, P = 15, 8, 1

source = open(sys.argv[1], "rb").read()
header, payload = source[:56], source[56:-32]
assert hashlib.sha256(source[:-32]).digest() == source[-32:]
number, _, _, length = struct.unpack("<HHIQ", payload[:16])
assert number == 1
method = payload[: 16 + length]
number, _, _, length = struct.unpack("<HHIQ", payload[len(method) :][:16])
secret = payload[len(method) + 16 :]
assert number == 6 and length == len(secret)

head = bytes([1, LOG_N, R, P, 0, 0, 0, 0]) + SALT
section = struct.pack("<HHIQ", 8, 0, 0, len(head) + 12 + len(secret) + 16) + head
size = len(method) + len(section) + 12 + len(secret) + 16
before = header[:48] + struct.pack("<Q", size) + method + section
key = hashlib.scrypt(PASSPHRASE, salt=SALT, n=1 << LOG_N, r=R, p=P, maxmem=1 << 27, dklen=32)
file = before + NONCE + AESGCM(key).encrypt(NONCE, secret, before)
open(sys.argv[2], "wb").write(file + hashlib.sha256(file).digest())
