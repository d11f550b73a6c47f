// SPDX-License-Identifier: Apache-2.0

// The library and a service by HTTP.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { createInterface } from "node:readline";
import { dist, library, plan, plans, python } from "./support.mjs";

const { Client, Service } = await library("blindsight.js");

const server = spawn(python, [
  new URL("server.py", import.meta.url).pathname, "--plan", join(plans, "mnist"), "--pages", dist.pathname,
], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
const address = (await lines.next()).value;
after(() => server.stdin.end());

const { samples, logits } = plan("mnist");

test("plan, keys, predictions", async () => {
  const service = new Service(address, "mnist");
  assert.equal(await service.network(), undefined);
  const client = await Client.create(await service.plan(), { worker: false });
  for (const [index, sample] of samples.slice(0, 4).entries()) {
    const { prediction, milliseconds } = await service.exchange(client, sample);
    assert.deepEqual(prediction.logits, logits[index].map(BigInt));
    // Keys are sent once.
    assert.equal("upload" in milliseconds, index === 0);
  }
  // Keys that the service forgot are sent again.
  server.stdin.write("forget\n");
  await lines.next();
  const again = await service.exchange(client, samples[4]);
  assert.deepEqual(again.prediction.logits, logits[4].map(BigInt));
  assert.ok("upload" in again.milliseconds);
  // Who kept keys asks first.
  const other = new Service(address, "mnist");
  await other.ensureKeys(await client.evaluationKeys());
  const third = await other.exchange(client, samples[5]);
  assert.deepEqual(third.prediction.logits, logits[5].map(BigInt));
  assert.ok(!("upload" in third.milliseconds));
});

test("errors of a service", async () => {
  const client = await Client.create(plan("mnist").client, { worker: false });
  const keys = await client.evaluationKeys();
  const service = new Service(address, "mnist");
  assert.equal(await service.infer(new Uint8Array(10), keys.digest), undefined);
  await service.ensureKeys(keys);
  await assert.rejects(service.infer(new Uint8Array(10), keys.digest), { name: "ServiceError", status: 400 });
  await assert.rejects(new Service("http://127.0.0.1:1", "mnist").plan(), { name: "ServiceError", status: 0 });
  const wrong = { digest: keys.digest, bytes: keys.bytes.subarray(1) };
  server.stdin.write("forget\n");
  await lines.next();
  await assert.rejects(new Service(address, "mnist").ensureKeys(wrong), { name: "ServiceError", status: 400 });
});

test("answers that are none", async () => {
  const tensor = (bytes) => [Buffer.from([bytes.length, 0, 0, 0]), bytes];
  const output = (size, other = {}) => {
    const own = { name: "reply", datatype: "BYTES", shape: [1], parameters: { binary_data_size: size } };
    return JSON.stringify({ outputs: [{ ...own, ...other }] });
  };
  const [type, name] = [output(7, { datatype: "INT8" }), output(7, { name: "r" })];
  const right = [output(7), ...tensor(Buffer.from("abc"))];
  /** @type {[string, string | undefined, (string | Buffer)[]][]} */
  const answers = [
    ["right", String(right[0].length), right],
    ["no length", undefined, right],
    ["another length", String(right[0].length - 1), right],
    ["no number", "x", right],
    ["no JSON", "3", ["abc"]],
    ["another size", String(output(8).length), [output(8), ...tensor(Buffer.from("abc"))]],
    ["another tensor's length", String(output(7).length), [output(7), Buffer.from([4, 0, 0, 0]), "abc"]],
    ["too short", String(output(3).length), [output(3), "abc"]],
    ["another type", String(type.length), [type, ...tensor(Buffer.from("abc"))]],
    ["another name", String(name.length), [name, ...tensor(Buffer.from("abc"))]],
  ];
  let answer = answers[0];
  const false_ = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const [, length, parts] = answer;
      if (length !== undefined) response.setHeader("Inference-Header-Content-Length", length);
      response.end(Buffer.concat(parts.map((part) => Buffer.from(part))));
    });
  });
  await new Promise((resolve) => false_.listen(0, "127.0.0.1", resolve));
  after(() => {
    false_.closeAllConnections();
    false_.close();
  });
  const service = new Service(`http://127.0.0.1:${false_.address().port}`, "mnist");
  for (answer of answers) {
    const [what] = answer;
    const found = service.infer(new Uint8Array(1), "key");
    if (what === "right") assert.deepEqual(Buffer.from(await found).toString(), "abc");
    else await assert.rejects(found, { name: "ServiceError" }, what);
  }
});
