// A model that goes to the data, encrypted: the roles of weights and features swapped.
//
// A clinic's measurements must not leave it, and the model is its owner's secret. So the owner encrypts the weights, the
// clinic computes scores of its patients from them, and only the owner can read the scores. Paillier adds and multiplies
// by known integers, so it is the same product, with encrypted weights and known features.

import Paillier

// The owner: integer weights of a score, the last one a constant, under a key of its own.
let weights: [BigInt] = [12, -7, 30, 4, -25, 1000]
let ownerKey = PaillierSecretKey.generate(size: .bits2048)
let encryptedModel = try PaillierOwnerEncryptor(secretKey: ownerKey).encrypt(weights)
let modelFile = encryptedModel.bytes
let keyFile = ownerKey.publicKey.bytes

// The clinic: it has the two files and its patients, a row each; the 1 at the end takes the constant.
let patients: [[Int64]] = [
    [120, 80, 31, 5, 2, 1],
    [135, 91, 44, 9, 0, 1],
    [110, 70, 18, 2, 7, 1],
]
let publicKey = try PaillierPublicKey(bytes: keyFile)
let model = try EncryptedVector(bytes: modelFile, publicKey: publicKey)
let features = PaillierMatrix(rows: patients, publicKey: publicKey)
// Re-randomized: the owner learns the scores, and nothing of the features behind them.
let scores = try PaillierEvaluator(publicKey: publicKey).multiply(features, [model])[0]

// The owner again.
let decrypted = try PaillierDecryptor(secretKey: ownerKey).decrypt(scores)
let expected = patients.map { row in
    zip(row, weights).reduce(BigInt(0)) { $0 + BigInt($1.0) * $1.1 }
}
precondition(decrypted == expected, "the encrypted scores are not the plain ones")
print("Scores:", decrypted.map(\.description).joined(separator: ", "))
