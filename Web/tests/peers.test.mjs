// SPDX-License-Identifier: Apache-2.0

// The library against the command line and Python, on plans of all forms: what one side writes, the other reads.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blindsight, folder, library, plan, planNames, plans, read, write } from "./support.mjs";

const { Client } = await library("blindsight.js");
const { evaluateNetwork } = await library("network.js");

/**
 * What `decrypt --json` says of a reply.
 * @param {string} client
 * @param {string} key
 * @param {string} request
 * @param {string} reply
 */
function decrypted(client, key, request, reply) {
  const text = blindsight("decrypt", "--plan", client, "--key", key, "--request", request, reply, "--json");
  // As texts: some are beyond what JSON's numbers hold exactly.
  const exact = text.replace(/(?<="logits": \[)[-0-9, ]*/, (list) => list.replace(/-?[0-9]+/g, '"$&"'));
  const [first] = JSON.parse(exact).first;
  return { logits: first.logits.map(BigInt), values: first.values, label: first.label };
}

for (const name of planNames) {
  test(`${name}: keys, requests and replies`, async () => {
    const { folder: place, client: bytes, samples, logits, values } = plan(name);
    const out = folder();
    const clientPlan = join(place, "client.plan");
    const client = await Client.create(bytes, { worker: false });
    const keys = await client.evaluationKeys();
    const keyFile = write(join(out, "evaluation.key"), keys.bytes);
    const secretFile = write(join(out, "secret.key"), await client.secretKey());
    assert.match(blindsight("inspect", keyFile), new RegExp(client.plan.keySet));
    const replyFile = join(out, "reply.ct");
    for (const [index, sample] of samples.slice(0, 3).entries()) {
      const request = await client.encrypt(sample);
      assert.equal(request.length, client.plan.requestBytes);
      const requestFile = write(join(out, "request.ct"), request);
      blindsight("predict", "--plan", join(place, "server.plan"), "--evaluation-key", keyFile, requestFile,
        "-o", replyFile);
      const reply = read(replyFile);
      assert.equal(reply.length, client.plan.replyBytes);
      const found = await client.decrypt(reply, request);
      assert.deepEqual(found.logits, logits[index].map(BigInt));
      const other = decrypted(clientPlan, secretFile, requestFile, replyFile);
      assert.deepEqual(found.logits, other.logits);
      // A regression has none.
      assert.equal(found.label, other.label ?? "");
      found.values.forEach((value, i) => {
        const scale = Math.max(Math.abs(other.values[i]), 1e-3);
        assert.ok(Math.abs(value - other.values[i]) <= 1e-7 * scale, `${value} ${other.values[i]}`);
        assert.equal(values[index].length, found.values.length);
      });
    }
    await client.close();
  });

  test(`${name}: a key and a request of the command line`, async () => {
    const { folder: place, client: bytes, logits } = plan(name);
    const out = folder();
    const clientPlan = join(place, "client.plan");
    const [key, request, reply] = ["secret.key", "request.ct", "reply.ct"].map((file) => join(out, file));
    blindsight("keygen", "--plan", clientPlan, "-o", out);
    blindsight("encrypt", "--plan", clientPlan, "--key", key, "--input", join(place, "samples.npy"), "--index", "1",
      "-o", request);
    const server = join(place, "server.plan");
    blindsight("predict", "--plan", server, "--evaluation-key", join(out, "evaluation.key"), request, "-o", reply);
    const client = await Client.create(bytes, { worker: false, secretKey: read(key) });
    const found = await client.decrypt(read(reply), read(request));
    assert.deepEqual(found.logits, logits[1].map(BigInt));
    // The same key in the same file.
    assert.deepEqual(await client.secretKey(), read(key));
  });
}

test("a table: what is missing, texts, and the client's own steps", async () => {
  const place = join(plans, "people");
  const out = folder();
  const [clientPlan, server] = [join(place, "client.plan"), join(place, "server.plan")];
  const [key, request, reply] = ["secret.key", "request.ct", "reply.ct"].map((file) => join(out, file));
  blindsight("keygen", "--plan", clientPlan, "-o", out);
  const client = await Client.create(read(clientPlan), { worker: false, secretKey: read(key) });
  const { columns } = client.plan;
  assert.deepEqual(columns.map(({ name }) => name), ["age", "hours", "job"]);
  const rows = new TextDecoder().decode(read(join(place, "samples.csv"))).trim().split("\n").slice(1);
  for (const [index, row] of rows.entries()) {
    const [age, hours, job] = row.split(",");
    const sample = [age === "" ? NaN : Number(age), Number(hours), columns[2].texts.indexOf(job)];
    const predictions = [];
    for (const [name, write_] of [
      ["theirs", () => blindsight("encrypt", "--plan", clientPlan, "--key", key, "--input", join(place, "samples.csv"),
        "--index", `${index}`, "-o", request)],
      ["ours", async () => write(request, await client.encrypt(sample))],
    ]) {
      await write_();
      blindsight("predict", "--plan", server, "--evaluation-key", join(out, "evaluation.key"), request, "-o", reply);
      predictions.push(decrypted(clientPlan, key, request, reply));
      const found = await client.decrypt(read(reply), read(request));
      const other = predictions[predictions.length - 1];
      assert.deepEqual(found.logits, other.logits, name);
      assert.equal(found.label, other.label);
      // Of 32-bit numbers.
      found.values.forEach((value, i) => assert.ok(Math.abs(value - other.values[i]) <= 1e-7, `${value}`));
      assert.deepEqual(found.outputs.map(({ name: each }) => each), ["scores", "label"]);
      for (const file of [request, reply]) rmSync(file);
    }
    assert.deepEqual(predictions[0], predictions[1], row);
    if (index === 4) break;
  }
  await assert.rejects(client.encrypt([40, 40]), { name: "DataError" });
});

test("what is encrypted twice is never the same", async () => {
  const { client: bytes, samples } = plan("mnist");
  const client = await Client.create(bytes, { worker: false });
  const [a, b] = [await client.encrypt(samples[0]), await client.encrypt(samples[0])];
  // Bytes of identifier, seed and ciphertext that are equal are as many as of random ones.
  const count = a.filter((byte, i) => i >= 136 && byte === b[i]).length;
  assert.ok(count < a.length / 256 + 8 * Math.sqrt(a.length / 256), `${count} equal bytes`);
  const other = await Client.create(bytes, { worker: false });
  const [first, second] = [await client.secretKey(), await other.secretKey()];
  assert.notDeepEqual(first, second);
  const [keys, others] = [(await client.evaluationKeys()).bytes, (await other.evaluationKeys()).bytes];
  assert.equal(keys, (await client.evaluationKeys()).bytes);
  const equal = keys.filter((byte, i) => i >= 100 && byte === others[i]).length;
  assert.ok(equal < keys.length / 256 + 8 * Math.sqrt(keys.length / 256), `${equal} equal bytes`);
});

test("a closed client does nothing more", async () => {
  const { client: bytes, samples } = plan("regression");
  const client = await Client.create(bytes, { worker: false });
  const request = await client.encrypt(samples[0]);
  await client.close();
  await assert.rejects(client.encrypt(samples[0]), /closed/);
  await assert.rejects(client.secretKey(), /closed/);
  await assert.rejects(client.evaluationKeys(), /closed/);
  await assert.rejects(client.decrypt(request, request));
  // Closed while keys are being made.
  const other = await Client.create(plan("mnist").client, { worker: false });
  await assert.rejects(other.evaluationKeys((done) => (done === 2 ? other.close() : undefined)), /closed/);
});

test("published networks give what the engine gives", async () => {
  const { execFileSync } = await import("node:child_process");
  const tool = new URL("../tools/network-json.mjs", import.meta.url).pathname;
  for (const name of planNames) {
    const { folder: place, client: bytes, samples, logits } = plan(name);
    const words = [tool, join(place, "server.plan")];
    const network = JSON.parse(execFileSync(process.execPath, words, { maxBuffer: 1 << 28 }));
    const client = await Client.create(bytes, { worker: false });
    for (const [index, sample] of samples.slice(0, 2).entries()) {
      const found = await client.evaluate(network, sample);
      assert.deepEqual(found.logits, logits[index].map(BigInt), name);
    }
    const other = { ...network, plan: "0".repeat(64) };
    await assert.rejects(client.evaluate(other, samples[0]), { name: "MismatchError" });
    assert.throws(() => evaluateNetwork({}, new Int32Array(1), client.plan), { name: "FormatError" });
  }
});
