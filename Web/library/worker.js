// SPDX-License-Identifier: Apache-2.0

// A client in a thread of its own. The secret key stays in it.

import { describe } from "./errors.js";
import { Session } from "./session.js";

/** @typedef {{ id: number, call: string, arguments: any[] }} Call */

/** @type {Promise<Session> | undefined} */
let session;

/** @type {Record<string, (...values: any[]) => any>} */
const calls = {
  create: async (planBytes, secretKey) => {
    session = Session.create(planBytes, secretKey);
    return (await session).plan;
  },
};
for (const name of ["quantize", "encrypt", "decrypt", "evaluate", "secretKey", "close"]) {
  calls[name] = async (...values) => {
    const client = /** @type {any} */ (await session);
    return client[name](...values);
  };
}

globalThis.addEventListener("message", async (event) => {
  const { id, call, arguments: values } = /** @type {Call} */ (event.data);
  /**
   * @param {object} message
   * @param {Transferable[]} [transferred]
   */
  const post = (message, transferred = []) => globalThis.postMessage({ id, ...message }, { transfer: transferred });
  try {
    if (call === "evaluationKeys") {
      const client = /** @type {Session} */ (await session);
      const value = await client.evaluationKeys((done, all) => post({ progress: [done, all] }));
      // The caller keeps them: they are many bytes.
      post({ value }, [value.bytes.buffer]);
    } else {
      post({ value: await calls[call](...values) });
    }
  } catch (error) {
    post({ error: describe(error) });
  }
});
