// The scheme without networks: two vectors, multiplied slot by slot and rotated while they are encrypted.
import BFV

// N = 8192 slots modulo a prime above 2^19, at 128-bit security.
let parameters = try BFVParameters.preset(degree: 8192, plaintextBits: 20)
let context = try BFVContext(parameters)
let top = parameters.maximumLevel

// The client: a secret key, and the keys that the server needs.
let secretKey = SecretKey(context: context)
let rotation = parameters.slots.rotation(1)
let keys = try KeyGenerator(secretKey: secretKey).evaluationKeys(
    EvaluationKeySpecification(parameters: parameters, multiplies: true, permutations: [rotation]))
let encryptor = Encryptor(context: context, secretKey: secretKey)
let x = (0..<UInt64(parameters.slots.slotCount)).map { $0 % 500 }
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
let expected = x.indices.map { slot in
    // Two rows of N/2 columns, each moved left by one.
    let columns = parameters.slots.columns
    let (row, column) = slot.quotientAndRemainder(dividingBy: columns)
    let source = row * columns + (column + 1) % columns
    return x[source] * y[source]
}
precondition(decrypted.slots == expected, "the encrypted product is not the plain one")
let first = decrypted.slots.prefix(8).map(String.init).joined(separator: ", ")
print("The first slots:", first)
print("Bits that noise leaves:", Int(decrypted.noiseMarginBits))
print("Multiplications in sequence that these parameters allow:", parameters.multiplicationDepth)
