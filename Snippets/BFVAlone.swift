// The scheme without networks: two vectors, multiplied slot by slot and rotated while they are encrypted.
import BFV

// N = 8192 slots modulo a prime of 20 bits, at 128-bit security.
let parameters = try BFVParameters.preset(degree: 8192, plaintextBits: 20)
let context = try BFVContext(parameters)
let top = parameters.maximumLevel

// The client: a secret key, and the keys that the server needs.
let secretKey = SecretKey(context: context)
let rotation = parameters.slots.rotation(1)
let keys = try KeyGenerator(secretKey: secretKey).evaluationKeys(
    EvaluationKeySpecification(parameters: parameters, multiplies: true, permutations: [rotation]))
let encryptor = Encryptor(context: context, secretKey: secretKey)
let x = (0..<UInt64(parameters.slots.slotCount)).map { $0 % 1000 }
let y = x.map { $0 + 3 }
// A product at level l brings a factor -Q_l along; one operand makes up for it.
let a = encryptor.encrypt(slots: x)
let b = encryptor.encrypt(slots: context.withoutProductFactor(y, level: top))

// The server: public keys and ciphertexts only.
let evaluator = Evaluator(context: context, keys: keys)
let product = try evaluator.multiply(a, b)
let rotated = try evaluator.permute(product, by: rotation)
let reply = try evaluator.switchDown(rotated, toLevel: 1)

// The client again.
let decrypted = Decryptor(context: context, secretKey: secretKey).decrypt(reply)
let first = decrypted.slots.prefix(8)
precondition(
    Array(first) == (1...8).map { x[$0] * y[$0] }, "the encrypted product is not the plain one")
print("Slots 1 to 8 of the product:", first.map(String.init).joined(separator: ", "))
print("Multiplications in sequence that these parameters allow:", parameters.multiplicationDepth)
