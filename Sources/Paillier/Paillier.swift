// SPDX-License-Identifier: Apache-2.0

// Paillier's cryptosystem: sums of encrypted integers, and products with plain ones, exact. docs/Paillier.md.
//
// `PaillierSecretKey` and `PaillierPublicKey` make a `PaillierOwnerEncryptor`, a `PaillierEncryptor`, a
// `PaillierDecryptor` and a `PaillierEvaluator`, which multiplies a `PaillierMatrix` by an `EncryptedVector`.
// `PackingLayout` puts several samples in one plaintext.

import BigIntegers

/// Plaintexts: integers of any size.
public typealias BigInt = BigIntegers.BigInt
