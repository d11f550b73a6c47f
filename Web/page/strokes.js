// SPDX-License-Identifier: Apache-2.0

// Digits as a hand draws them, for those who can't, or don't want to: strokes of points from 0 to 100.

/** @type {[number, number][][][]} */
const digits = [
  [[[52, 14], [34, 22], [26, 45], [30, 72], [46, 87], [64, 80], [74, 56], [70, 30], [56, 15], [48, 14]]],
  [[[40, 30], [55, 14], [53, 50], [50, 86]]],
  [[[28, 32], [36, 16], [56, 13], [70, 26], [64, 44], [44, 66], [26, 84], [50, 82], [76, 84]]],
  [[[30, 18], [54, 13], [68, 24], [60, 42], [44, 48], [64, 54], [72, 70], [58, 86], [36, 86], [26, 78]]],
  [[[36, 14], [28, 52], [72, 52]], [[62, 18], [60, 50], [58, 88]]],
  [[[70, 15], [38, 15], [34, 44], [56, 42], [70, 58], [66, 78], [48, 88], [28, 80]]],
  [[[62, 13], [42, 32], [30, 60], [38, 84], [58, 86], [68, 70], [56, 56], [34, 64]]],
  [[[26, 18], [50, 17], [74, 16], [60, 44], [46, 88]]],
  [[[66, 24], [50, 13], [34, 24], [42, 42], [60, 56], [66, 76], [50, 88], [34, 76], [40, 58], [60, 42], [66, 24]]],
  [[[68, 30], [52, 14], [34, 26], [36, 46], [54, 48], [68, 32], [64, 60], [58, 88]]],
];

/**
 * The strokes of a digit, a little different every time.
 * @param {number} digit
 */
export function strokesOf(digit) {
  const jitter = () => Math.random() * 3 - 1.5;
  const lean = Math.random() * 0.16 - 0.08;
  return digits[digit].map((stroke) =>
    smooth(stroke.map(([x, y]) => [x + jitter() + lean * (50 - y), y + jitter()])));
}

/**
 * A curve through points (Catmull and Rom).
 * @param {[number, number][]} points
 * @returns {[number, number][]}
 */
function smooth(points) {
  /** @type {[number, number][]} */
  const out = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const last = points.length - 1;
    const [a, b, c, d] = [points[Math.max(i - 1, 0)], points[i], points[i + 1], points[Math.min(i + 2, last)]];
    for (let step = 0; step < 8; step++) {
      const t = step / 8;
      const mix = (/** @type {0 | 1} */ k) => {
        const [slope, bend, twist] =
          [c[k] - a[k], 2 * a[k] - 5 * b[k] + 4 * c[k] - d[k], 3 * (b[k] - c[k]) + d[k] - a[k]];
        return b[k] + 0.5 * t * (slope + t * (bend + t * twist));
      };
      out.push([mix(0), mix(1)]);
    }
  }
  out.push(points[points.length - 1]);
  return out;
}
