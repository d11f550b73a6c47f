// SPDX-License-Identifier: Apache-2.0

// Arithmetic with big integers, for set-up and for a few numbers at the end. Variable time: nothing here is given key
// or sample, but for the outputs that are decrypted.

/**
 * The residue in [0, modulus).
 * @param {bigint} a
 * @param {bigint} modulus
 */
export function reduce(a, modulus) {
  const rest = a % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/**
 * @param {bigint} a
 * @param {bigint} exponent
 * @param {bigint} modulus
 */
export function power(a, exponent, modulus) {
  let result = 1n % modulus;
  let square = reduce(a, modulus);
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/**
 * The inverse of a residue that has one.
 * @param {bigint} a
 * @param {bigint} modulus
 */
export function inverse(a, modulus) {
  let [r0, r1] = [modulus, reduce(a, modulus)];
  let [x0, x1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [x0, x1] = [x1, x0 - quotient * x1];
  }
  if (r0 !== 1n) throw new RangeError("no inverse");
  return reduce(x0, modulus);
}

/**
 * Exact for every 64-bit number: Miller-Rabin to the first twelve primes as bases (Sorenson and Webster, 2015).
 * @param {bigint} n
 */
export function isPrime(n) {
  const bases = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];
  for (const p of bases) if (n % p === 0n) return n === p;
  if (n < 2n) return false;
  let odd = n - 1n;
  let twos = 0;
  while ((odd & 1n) === 0n) {
    odd >>= 1n;
    twos++;
  }
  return bases.every((base) => {
    let x = power(base, odd, n);
    if (x === 1n || x === n - 1n) return true;
    for (let round = 1; round < twos; round++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

/**
 * The smallest primitive root of unity of an order, a power of two from 4, modulo a prime that is 1 modulo the order.
 * All of them are looked at: which one it is decides where slots are.
 * @param {number} order
 * @param {bigint} modulus
 */
export function primitiveRoot(order, modulus) {
  const exponent = (modulus - 1n) / BigInt(order);
  for (let candidate = 2n; candidate < 1000n; candidate++) {
    const root = power(candidate, exponent, modulus);
    if (power(root, BigInt(order / 2), modulus) !== modulus - 1n) continue;
    // The others are its odd powers, and with each of them its negative.
    const square = (root * root) % modulus;
    let [smallest, next] = [root, root];
    for (let index = 0; index < order / 4; index++) {
      const lower = next < modulus - next ? next : modulus - next;
      if (lower < smallest) smallest = lower;
      next = (next * square) % modulus;
    }
    return smallest;
  }
  throw new RangeError("no root of unity");
}

/**
 * The number below the product of the moduli with these residues.
 * @param {bigint[]} residues
 * @param {bigint[]} moduli pairwise coprime.
 */
export function reconstruct(residues, moduli) {
  let [value, product] = [0n, 1n];
  moduli.forEach((modulus, index) => {
    const step = reduce((residues[index] - value) * inverse(product, modulus), modulus);
    value += product * step;
    product *= modulus;
  });
  return value;
}

/**
 * The number of bits of a number that isn't negative.
 * @param {bigint} a
 */
export function bitLength(a) {
  return a === 0n ? 0 : a.toString(2).length;
}

/**
 * Of 0 ..< 2^bits.
 * @param {number} x
 * @param {number} bits
 */
export function reverseBits(x, bits) {
  let out = 0;
  for (let index = 0; index < bits; index++) out = out * 2 + ((x >> index) & 1);
  return out;
}

/**
 * In Z[Y]/(Y^k + 1).
 * @param {bigint[]} a
 * @param {bigint[]} b
 */
export function negacyclicProduct(a, b) {
  const out = a.map(() => 0n);
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      const place = (i + j) % a.length;
      out[place] = out[place] + (i + j < a.length ? x * y : -x * y);
    });
  });
  return out;
}
