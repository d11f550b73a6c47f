// SPDX-License-Identifier: Apache-2.0

// From a drawing to what the network was trained on: 28 by 28 pixels from 0 to 255, the digit 20 pixels large, its
// centre of mass in the middle.

const size = 28;
const inner = 20;
/** Points of a pixel, in each direction. */
const points = 6;

/**
 * @param {Uint8ClampedArray} ink of `side` by `side` places, from 0 to 255.
 * @param {number} side
 * @returns {Float32Array | undefined} undefined where nothing was drawn.
 */
export function sampleOf(ink, side) {
  let [left, right, top, bottom] = [side, -1, side, -1];
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = ink[y * side + x];
      if (value === 0) continue;
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  }
  if (mass === 0) return undefined;
  // Places of the drawing for each pixel; a dot is not blown up.
  const scale = Math.max(right - left + 1, bottom - top + 1, side / 8) / inner;
  const [centreX, centreY] = [massX / mass, massY / mass];
  const out = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let point = 0; point < points * points; point++) {
        const [i, j] = [Math.floor(point / points), point % points];
        const x = Math.floor(centreX + (column + (j + 0.5) / points - size / 2) * scale);
        const y = Math.floor(centreY + (row + (i + 0.5) / points - size / 2) * scale);
        if (x >= 0 && x < side && y >= 0 && y < side) sum += ink[y * side + x];
      }
      out[row * size + column] = Math.round(sum / (points * points));
    }
  }
  return out;
}
