// SPDX-License-Identifier: Apache-2.0

/** @typedef {import("../library/outputs.js").Prediction} Prediction */

/**
 * @param {string} id
 * @returns {any}
 */
export const element = (id) => document.getElementById(id);

/**
 * @param {string} name
 * @param {string} text
 * @param {string} [style] its class.
 */
function made(name, text, style = "") {
  const out = document.createElement(name);
  out.textContent = text;
  if (style) out.className = style;
  return out;
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {number} milliseconds */
export function time(milliseconds) {
  return milliseconds < 1000 ? `${Math.max(Math.round(milliseconds), 1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/**
 * Bytes as shades, a pixel each, as many as the canvas has room for.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} bytes
 */
export function showBytes(canvas, bytes) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | (bytes[i % bytes.length] * 0x010101);
  context.putImageData(image, 0, 0);
}

/**
 * The 28 by 28 pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array | undefined} sample
 */
export function showSample(canvas, sample) {
  canvas.hidden = !sample;
  if (sample) showBytes(canvas, Uint8Array.from(sample));
}

/** @param {Uint8Array} bytes */
export function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/**
 * Shares of one, where the model itself shows scores.
 * @param {number[]} values
 */
function shares(values) {
  const areShares = values.every((x) => x >= 0 && x <= 1) && Math.abs(values.reduce((a, b) => a + b, 0) - 1) < 1e-6;
  if (areShares) return values;
  const most = Math.max(...values);
  const powers = values.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

/** @param {bigint} value */
const grouped = (value) => value.toLocaleString("en");

/**
 * @param {Prediction} prediction
 * @param {string[]} labels
 */
export function showAnswer(prediction, labels) {
  element("answer").textContent = prediction.label;
  const rows = shares(prediction.values).map((share, i) => {
    const row = document.createElement("tr");
    if (i === prediction.index) row.className = "best";
    const head = made("th", labels[i]);
    head.setAttribute("scope", "row");
    const bar = made("span", "", "bar");
    bar.style.width = `${100 * share}%`;
    const cell = document.createElement("td");
    cell.append(bar);
    row.append(head, cell, made("td", `${(100 * share).toFixed(1)} %`), made("td", grouped(prediction.logits[i])));
    return row;
  });
  element("bars").tBodies[0].replaceChildren(...rows);
}

/** @param {[string, string][]} facts */
export function showFacts(facts) {
  element("facts").replaceChildren(...facts.flatMap(([name, value]) => [made("dt", name), made("dd", value)]));
}

/** @param {{ step: string, where: string, milliseconds: number }[]} steps */
export function showTimes(steps) {
  const most = Math.max(...steps.map(({ milliseconds }) => milliseconds));
  element("times").replaceChildren(...steps.map(({ step, where, milliseconds }) => {
    const item = document.createElement("li");
    const name = made("span", `${step} `);
    name.append(made("span", where, "where"));
    const bar = made("span", "", "bar");
    bar.style.width = `${(100 * milliseconds) / most}%`;
    const track = document.createElement("span");
    track.append(bar);
    item.append(name, track, made("span", time(milliseconds)));
    return item;
  }));
}

/**
 * Compares integers.
 * @param {bigint[]} encrypted
 * @param {bigint[]} clear
 * @param {string[]} labels
 */
export function showComparison(encrypted, clear, labels) {
  const rows = encrypted.map((value, i) => {
    const row = document.createElement("tr");
    const areEqual = value === clear[i];
    row.append(made("td", labels[i]), made("td", grouped(value)), made("td", grouped(clear[i])),
      made("td", areEqual ? "=" : "differs", areEqual ? "good" : "bad"));
    return row;
  });
  element("comparison").tBodies[0].replaceChildren(...rows);
  element("comparison").hidden = false;
  const differing = encrypted.filter((value, i) => value !== clear[i]).length;
  element("verdict").textContent = differing === 0
    ? `All ${encrypted.length} integers are equal, to the last digit.`
    : `${differing} of ${encrypted.length} integers differ: this server computed something else.`;
  element("verdict").className = differing === 0 ? "good" : "bad";
}
