// SPDX-License-Identifier: Apache-2.0

// The lattice, the keys and the plaintext moduli of a plan: all is checked as for new parameters, so that a false plan
// can make answers wrong, but not ciphertexts insecure.

import { bitLength, inverse, isPrime, negacyclicProduct, power, primitiveRoot, reduce } from "./arithmetic.js";
import { FormatError } from "./errors.js";

/** @typedef {import("./protobuf.js").Message} Message */
/** @typedef {{ level: number, digitBits: number }} Gadget */
/**
 * @typedef {object} KeySet
 * @property {number} degree N.
 * @property {bigint[]} moduli q_0, q_1, ...
 * @property {bigint} special P.
 * @property {number} securityBits
 * @property {Gadget | undefined} relinearization
 * @property {{ element: number, gadget: Gadget }[]} galois ascending.
 * @property {number} rerandomizationLevel
 */
/**
 * A plaintext modulus pi in Z[X^(N/k)], above the prime t.
 * @typedef {object} Plaintext
 * @property {bigint} prime t.
 * @property {bigint} root the primitive 2N-th root of unity modulo t that says where slots are.
 * @property {bigint[]} generator k coefficients of pi.
 * @property {bigint[]} adjoint those of t / pi.
 * @property {bigint[]} reciprocal those of 2^63 / pi, rounded.
 */

/**
 * log2 of the largest Q P: "Security Guidelines for Implementing Homomorphic Encryption" (Bossuat et al., IACR eprint
 * 2024/463), table 5.2, ternary secrets, classical attacks.
 * @type {Record<number, Record<number, number>>}
 */
const securityTable = {
  128: { 1024: 26, 2048: 53, 4096: 106, 8192: 214, 16384: 430, 32768: 868, 65536: 1747 },
  192: { 2048: 36, 4096: 73, 8192: 147, 16384: 297, 32768: 597, 65536: 1199 },
  256: { 2048: 27, 4096: 56, 8192: 114, 16384: 230, 32768: 462, 65536: 929 },
};

const maximumKeyBytes = 2 ** 31 - 2 ** 20;

/**
 * @param {string} what
 * @returns {never}
 */
function refuse(what) {
  throw new FormatError(`out of range: ${what}`);
}

/**
 * @param {bigint} modulus
 * @param {number} degree
 * @param {Set<bigint>} seen
 */
function checkModulus(modulus, degree, seen) {
  if (modulus <= 1n << 10n || modulus >= 1n << 50n || modulus % BigInt(2 * degree) !== 1n || !isPrime(modulus)) {
    refuse(`modulus ${modulus} is not a prime below 2^50 that is 1 modulo ${2 * degree}`);
  }
  if (seen.has(modulus)) refuse(`modulus ${modulus} appears twice`);
  seen.add(modulus);
}

/**
 * @param {Message | undefined} message
 * @returns {KeySet}
 */
export function keySet(message) {
  const lattice = message?.lattice;
  if (!message || !lattice) refuse("a plan without parameters");
  const { degree, securityBits } = lattice;
  if (degree < 8 || degree > 65536 || (degree & (degree - 1)) !== 0) refuse(`ring degree ${degree}`);
  /** @type {bigint[]} */
  const moduli = lattice.ciphertextModuli;
  if (moduli.length < 1 || moduli.length > 64) refuse(`${moduli.length} ciphertext moduli`);
  const seen = new Set();
  for (const modulus of [...moduli, lattice.specialModulus]) checkModulus(modulus, degree, seen);
  const most = securityTable[securityBits]?.[degree];
  const product = moduli.reduce((a, b) => a * b, /** @type {bigint} */ (lattice.specialModulus));
  if (most === undefined || product > 1n << BigInt(most)) {
    throw new FormatError("the plan's parameters are below 128-bit security, or below what it states");
  }
  /**
   * @param {Message | undefined} gadget
   * @returns {Gadget}
   */
  const checked = (gadget) => {
    const { level = 0, digitBits = 0 } = gadget ?? {};
    if (level < 1 || level > moduli.length || digitBits < 1 || digitBits > 50) refuse("a key's gadget");
    return { level, digitBits };
  };
  let last = 1;
  const galois = message.galois.map((/** @type {Message} */ key) => {
    if (key.element % 2 === 0 || key.element <= last || key.element >= 2 * degree) {
      refuse(`Galois element ${key.element}`);
    }
    last = key.element;
    return { element: key.element, gadget: checked(key.gadget) };
  });
  const level = message.rerandomizationLevel;
  if (level < 1 || level > moduli.length) refuse(`a public key for level ${level}`);
  const out = {
    degree,
    moduli,
    special: lattice.specialModulus,
    securityBits,
    relinearization: message.relinearization && checked(message.relinearization),
    galois,
    rerandomizationLevel: level,
  };
  if (evaluationKeyBytes(out) > maximumKeyBytes) refuse(`evaluation keys of ${evaluationKeyBytes(out)} bytes`);
  return out;
}

/**
 * Digits of a key: the limb of each, and by how many bits it is shifted.
 * @param {KeySet} set
 * @param {Gadget} gadget
 * @returns {{ limb: number, shift: number }[]}
 */
export function digits(set, { level, digitBits }) {
  return set.moduli.slice(0, level).flatMap((modulus, limb) => {
    const bits = bitLength(modulus);
    const count = Math.ceil(bits / digitBits);
    const width = Math.ceil(bits / count);
    return Array.from({ length: count }, (_, digit) => ({ limb, shift: width * digit }));
  });
}

/**
 * Packed bytes of a polynomial modulo the first `level` moduli and P.
 * @param {KeySet} set
 * @param {number} level
 */
export function extendedBytes(set, level) {
  const bits = [...set.moduli.slice(0, level), set.special].map(bitLength);
  return (bits.reduce((a, b) => a + b, 0) * set.degree) / 8;
}

/**
 * Of all keys in their file: of each key its seed, then b of each digit; the public key last.
 * @param {KeySet} set
 */
export function evaluationKeyBytes(set) {
  const gadgets = [...(set.relinearization ? [set.relinearization] : []), ...set.galois.map(({ gadget }) => gadget)];
  return gadgets.reduce(
    (sum, gadget) => sum + 32 + digits(set, gadget).length * extendedBytes(set, gadget.level),
    32 + extendedBytes(set, set.rerandomizationLevel),
  );
}

/**
 * @param {Message | undefined} message
 * @param {KeySet} set
 * @returns {Plaintext[]}
 */
export function plaintexts(message, set) {
  /** @type {bigint[]} */
  const primes = message?.moduli ?? [];
  /** @type {bigint[]} */
  const generators = message?.generators ?? [];
  if (primes.length < 1 || primes.length > 64) refuse(`${primes.length} plaintext moduli`);
  const index = generators.length === 0 ? 1 : generators.length / primes.length;
  const isPower = Number.isInteger(index) && (index & (index - 1)) === 0;
  if (!isPower || index > 32 || index > set.degree / 8 || (index === 1 && generators.length > 0)) {
    refuse(`${generators.length} plaintext generators`);
  }
  const seen = new Set([...set.moduli, set.special]);
  return primes.map((prime, place) => {
    checkModulus(prime, set.degree, seen);
    const generator = index === 1 ? [prime] : generators.slice(place * index, (place + 1) * index);
    return plaintext(prime, generator, set.degree);
  });
}

/**
 * @param {bigint} prime
 * @param {bigint[]} generator
 * @param {number} degree
 * @returns {Plaintext}
 */
function plaintext(prime, generator, degree) {
  const root = primitiveRoot(2 * degree, prime);
  const step = power(root, BigInt(degree / generator.length), prime);
  const inner = adjoint(generator);
  const norm = negacyclicProduct(generator, inner)[0];
  const value = generator.reduceRight((sum, c) => reduce(sum * step + c, prime), 0n);
  const reciprocal = inner.map((c) => roundedQuotient(c << 63n, prime));
  const isSmall = (/** @type {bigint} */ x, /** @type {bigint} */ bits) => x < 1n << bits && -x < 1n << bits;
  // Of a single coefficient all of Z_t is the slots'.
  if (!generator.every((c) => isSmall(c, 50n)) || value !== 0n || norm !== prime) {
    refuse(`the plaintext modulus above ${prime} does not generate its ideal`);
  }
  if (!reciprocal.every((c) => isSmall(c, 62n))) refuse(`a plaintext modulus above ${prime} that is too small`);
  return { prime, root, generator, adjoint: inner, reciprocal };
}

/**
 * norm / x, the product of x's other conjugates, down the tower of subfields.
 * @param {bigint[]} x
 * @returns {bigint[]}
 */
function adjoint(x) {
  if (x.length === 1) return [1n];
  const conjugate = x.map((c, i) => (i % 2 === 0 ? c : -c));
  const square = negacyclicProduct(x, conjugate);
  const below = adjoint(square.filter((_, i) => i % 2 === 0));
  return negacyclicProduct(conjugate, x.map((_, i) => (i % 2 === 0 ? below[i / 2] : 0n)));
}

/**
 * Halves away from zero; there are none where the divisor is odd.
 * @param {bigint} a
 * @param {bigint} divisor above 0, odd.
 */
function roundedQuotient(a, divisor) {
  const magnitude = ((a < 0n ? -a : a) * 2n + divisor) / (2n * divisor);
  return a < 0n ? -magnitude : magnitude;
}

/**
 * The coefficients of 1 / pi modulo q.
 * @param {Plaintext} plaintext
 * @param {bigint} q
 */
export function inverseGenerator(plaintext, q) {
  const scale = inverse(plaintext.prime, q);
  return plaintext.adjoint.map((c) => reduce(c * scale, q));
}
