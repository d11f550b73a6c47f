// SPDX-License-Identifier: Apache-2.0

// Bytes that are not what they should be are refused, by the right name.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { blindsight, folder, library, plan, plans, read, resealed, sha256, write } from "./support.mjs";

const { Client } = await library("blindsight.js");
const { Decryptor } = await library("decrypt.js");
const { bfvMessage, planMessage } = await library("messages.js");
const { decode, encode } = await library("protobuf.js");
const { header, open, sectionHead } = await library("envelope.js");

/**
 * A client with a request and its reply.
 * @param {string} name
 */
async function exchanged(name) {
  const { folder: place, client: bytes, samples, logits } = plan(name);
  const out = folder();
  const client = await Client.create(bytes, { worker: false });
  const keyFile = write(join(out, "evaluation.key"), (await client.evaluationKeys()).bytes);
  const requests = [];
  const replies = [];
  for (const index of [0, 1]) {
    const request = await client.encrypt(samples[index]);
    const file = write(join(out, `request-${index}.ct`), request);
    blindsight("predict", "--plan", join(place, "server.plan"), "--evaluation-key", keyFile, file, "-o",
      join(out, `reply-${index}.ct`));
    requests.push(request);
    replies.push(read(join(out, `reply-${index}.ct`)));
  }
  return { bytes, client, requests, replies, logits, secret: await client.secretKey() };
}

const mnist = await exchanged("mnist");
const { client, requests: [request, otherRequest], replies: [reply, otherReply] } = mnist;

/** A client with the same key, and no refusals. */
const fresh = () => Client.create(mnist.bytes, { worker: false, secretKey: mnist.secret });

test("replies that are cut off, or longer", async () => {
  for (let length = 0; length < reply.length; length += length < 200 ? 1 : 997) {
    await assert.rejects(client.decrypt(reply.subarray(0, length), request), { name: "FormatError" }, `${length}`);
  }
  for (const extra of [1, 32, reply.length]) {
    const long = new Uint8Array(reply.length + extra);
    long.set(reply);
    await assert.rejects(client.decrypt(long, request), { name: "FormatError" });
  }
  assert.deepEqual((await client.decrypt(reply, request)).logits, mnist.logits[0].map(BigInt));
});

test("flipped bits", async () => {
  const offsets = [...Array(140).keys(), 500, 9999, 20000];
  for (let offset = reply.length - 33; offset < reply.length; offset++) offsets.push(offset);
  for (const offset of offsets) {
    for (const bit of [1, 128]) {
      const changed = reply.slice();
      changed[offset] ^= bit;
      await assert.rejects(client.decrypt(changed, request), (error) =>
        ["FormatError", "MismatchError"].includes(error.name), `byte ${offset}`);
    }
  }
});

test("heads that are changed together with the checksum", async () => {
  for (let offset = 0; offset < 136; offset++) {
    const changed = resealed(reply, (bytes) => (bytes[offset] ^= 1));
    await assert.rejects(client.decrypt(changed, request), (error) =>
      ["FormatError", "MismatchError"].includes(error.name), `byte ${offset}`);
  }
});

test("replies to other requests", async () => {
  await assert.rejects(client.decrypt(otherReply, request), { name: "MismatchError" });
  await assert.rejects(client.decrypt(reply, otherRequest), { name: "MismatchError" });
  await assert.rejects(client.decrypt(request, request), { name: "FormatError" });
  await assert.rejects(client.decrypt(reply, reply), { name: "FormatError" });
  assert.deepEqual((await client.decrypt(otherReply, otherRequest)).logits, mnist.logits[1].map(BigInt));
});

test("more noise than the plan allows, and no more than 16 times", async () => {
  const victim = await fresh();
  // The highest bits of coefficients of c_0.
  const noisy = resealed(reply, (bytes) => bytes.fill(0x55, 136, 1136));
  for (let count = 0; count < 16; count++) {
    await assert.rejects(victim.decrypt(noisy, request), (error) =>
      error.name === "DecryptionError" && /never tell the server/.test(error.message));
    // Public checks don't count.
    await assert.rejects(victim.decrypt(reply.subarray(1), request), { name: "FormatError" });
  }
  await assert.rejects(victim.decrypt(reply, request), { name: "DecryptionError", message: /make new keys/ });
});

test("outputs outside their range", async () => {
  // As if the plan had proven that all outputs are 0: a request of that plan, in this plan's name to the server.
  const narrow = await planWith(mnist.bytes, (_, { outputs }) =>
    outputs.bounds.forEach((bound) => Object.assign(bound, { lowest: "0", highest: "0" })));
  const victim = await Client.create(narrow, { worker: false, secretKey: mnist.secret });
  const digests = [narrow, mnist.bytes].map((bytes) => bytes.slice(16, 48));
  const own = await victim.encrypt(plan("mnist").samples[0]);
  const out = folder();
  const file = write(join(out, "request.ct"), resealed(own, (bytes) => bytes.set(digests[1], 16)));
  const keys = write(join(out, "evaluation.key"), (await victim.evaluationKeys()).bytes);
  const server = join(plan("mnist").folder, "server.plan");
  blindsight("predict", "--plan", server, "--evaluation-key", keys, file, "-o", join(out, "reply.ct"));
  const forged = resealed(read(join(out, "reply.ct")), (bytes) => {
    bytes.set(digests[0], 16);
    bytes.set(sha256(own.subarray(0, 136)), 56 + 32);
  });
  await assert.rejects(victim.decrypt(forged, own), { name: "DecryptionError", message: /outside the range/ });
});

test("a reply under another key", async () => {
  const other = await Client.create(mnist.bytes, { worker: false });
  await assert.rejects(other.decrypt(reply, request), { name: "DecryptionError" });
});

test("both ways to multiply by the secret agree", async () => {
  const { readPlan } = await library("plan.js");
  const { Kernels } = await library("kernels.js");
  const { Modulus } = await library("ring.js");
  const { Secret } = await library("secret.js");
  const settings = await readPlan(mnist.bytes);
  const kernels = await Kernels.load();
  const { moduli: primes, special, degree } = settings.keys;
  const moduli = [...primes, special].map((q) => new Modulus(kernels, q, degree));
  const secret = Secret.read(kernels, moduli, (await open(mnist.secret, "secretKey")).sections.get(6));
  const decryptor = new Decryptor(kernels, settings, moduli, secret);
  const body = reply.subarray(136, reply.length - 32);
  const narrow = decryptor.outputs(body);
  // As if q_0 were too small.
  decryptor.first.bits = 0;
  assert.deepEqual(decryptor.outputs(body), narrow);
  assert.deepEqual(narrow, mnist.logits[0].map(BigInt));
});

test("damaged plans", async () => {
  // The second has what a client computes before and after.
  for (const bytes of [mnist.bytes, read(join(plans, "people", "client.plan"))]) {
    for (let length = 0; length < bytes.length; length += 101) {
      await assert.rejects(Client.create(bytes.subarray(0, length), { worker: false }), { name: "FormatError" });
    }
    for (let offset = 0; offset < bytes.length - 32; offset += offset > 8000 ? 5 : 53) {
      const changed = bytes.slice();
      changed[offset] ^= 4;
      await assert.rejects(Client.create(changed, { worker: false }), { name: "FormatError" });
      // Without the digest of its sections; then with it.
      const sealed = resealed(bytes, (all) => (all[offset] ^= 4));
      const isRefused = (/** @type {Error} */ error) =>
        ["FormatError", "MismatchError", "UnsupportedError"].includes(error.name);
      await assert.rejects(Client.create(sealed, { worker: false }), isRefused, `byte ${offset}: sealed`);
      if (offset < 56) continue;
      const digested = resealed(sealed, (all) => all.set(sha256(all.subarray(56, -32)), 16));
      await Client.create(digested, { worker: false }).then((client) => client.close(), (error) =>
        assert.ok(isRefused(error), `byte ${offset}: ${error.stack}`));
    }
  }
});

/**
 * A plan with other messages, all digests right.
 * @param {Uint8Array} bytes
 * @param {(message: any, plan: any) => void} change
 */
async function planWith(bytes, change) {
  const { sections } = await open(bytes, "clientPlan");
  const method = sections.get(1);
  const start = 1 + method[0];
  const message = decode(bfvMessage, method.subarray(start), "it");
  const other = decode(planMessage, sections.get(2), "it");
  change(message, other);
  const first = Buffer.concat([method.subarray(0, start), encode(bfvMessage, message)]);
  const second = encode(planMessage, other);
  const payload = Buffer.concat([sectionHead(1, first.length), first, sectionHead(2, second.length), second]);
  const body = Buffer.concat([header("clientPlan", sha256(payload), payload.length), payload]);
  return new Uint8Array(Buffer.concat([body, sha256(body)]));
}

test("false plans", async () => {
  const { bytes } = mnist;
  const same = await Client.create(await planWith(bytes, () => {}), { worker: false });
  assert.equal(same.plan.digest, client.plan.digest);
  const manyKeys = Array.from({ length: 4000 }, (_, i) => ({ element: 2 * i + 3, gadget: { level: 4, digitBits: 5 } }));
  /** @type {[string, (message: any) => void][]} */
  const changes = [
    ["a smaller ring", ({ keys }) => (keys.lattice.degree = 4096)],
    ["a larger modulus", ({ keys }) => keys.lattice.ciphertextModuli.push(1125899906826241n)],
    ["no security", ({ keys }) => (keys.lattice.securityBits = 0)],
    ["more security than there is", ({ keys }) => (keys.lattice.securityBits = 192)],
    ["a composite modulus", ({ keys }) => (keys.lattice.ciphertextModuli[0] -= 16384n)],
    ["a modulus twice", ({ keys }) => (keys.lattice.ciphertextModuli[1] = keys.lattice.ciphertextModuli[0])],
    ["an even automorphism", ({ keys }) => (keys.galois[0].element += 1)],
    ["automorphisms that don't ascend", ({ keys }) => keys.galois.reverse()],
    ["a key above all levels", ({ keys }) => (keys.galois[0].gadget.level = 9)],
    ["digits of no bits", ({ keys }) => (keys.relinearization.digitBits = 0)],
    ["too many keys", ({ keys }) => (keys.galois = manyKeys)],
    ["no public key", ({ keys }) => (keys.rerandomizationLevel = 0)],
    ["another generator", ({ plaintexts }) => (plaintexts.generators[0] += 1n)],
    ["generators of another number", ({ plaintexts }) => plaintexts.generators.pop()],
    ["a plaintext prime that is none", ({ plaintexts }) => (plaintexts.moduli[0] += 2n)],
    ["a smaller plaintext prime", (message) => (message.plaintexts = { moduli: [65537n], generators: [] })],
    ["no output unit", (message) => (message.outputUnits[0] = 0n)],
    ["wide replies", (message) => (message.replyC1Bits = 60)],
    ["no noise margin", (message) => (message.noiseMarginBits[0] = -1)],
    ["a layout of features that aren't there", (message) => (message.inputLayout[0] = 785)],
    ["half a layout", (message) => (message.inputLayout = message.inputLayout.slice(1024))],
    ["an output in two layouts", (message) => message.outputLayout.push(...message.outputLayout)],
    ["function privacy of 3 bits", (message) => (message.functionPrivacyBits = 3)],
    ["trees", (message) => (message.factorPairs = 1)],
    ["samples side by side", (message) => (message.samples = 2)],
    ["an empty input", (_, { input }) => (input.shape = [])],
    ["a smaller input", (_, { input }) => input.shape.pop()],
    ["a range that ends before it begins", (_, { input }) => (input.lowest = input.highest + 1n)],
    ["a scale of 0", (_, { input }) => (input.scale = 0)],
    ["a range that can wrap", (_, { outputs }) => (outputs.bounds[0].highest = "99999999999999")],
    ["a bound that is none", (_, { outputs }) => (outputs.bounds[0].lowest = "-0")],
    ["too few labels", (_, { outputs }) => outputs.labels.pop()],
    ["a label that moves the cursor", (_, { outputs }) => (outputs.labels[0] = "\u001b[2J")],
    ["no identity", (_, other) => other.identity.pop()],
  ];
  for (const [what, change] of changes) {
    const changed = await planWith(bytes, change);
    await assert.rejects(Client.create(changed, { worker: false }), (error) =>
      ["FormatError", "UnsupportedError"].includes(error.name), what);
  }
});

test("secret keys of other sets, and those that are none", async () => {
  const { bytes, secret } = mnist;
  const create = (secretKey, planBytes = bytes) => Client.create(planBytes, { worker: false, secretKey });
  await assert.rejects(create(secret, plan("regression").client), { name: "MismatchError" });
  await assert.rejects(create(bytes), { name: "FormatError" });
  await assert.rejects(create(secret.subarray(1)), { name: "FormatError" });
  const start = secret.length - 32 - 2048;
  await assert.rejects(create(resealed(secret, (all) => (all[start] = 3))), { name: "FormatError" });
  await assert.rejects(create(resealed(secret, (all) => all.fill(0x55, start, start + 2048))), { name: "FormatError" });
});
