// SPDX-License-Identifier: Apache-2.0

import { sampleOf } from "./digit.js";

/** A canvas to draw on, with pointer, finger or pen. */
export class Drawing {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed called after each change.
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    /** @private */
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    /**
     * Where the pointer was; undefined where it draws nothing.
     * @private
     * @type {[number, number] | undefined}
     */
    this.last = undefined;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.line(this.last, this.last);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.last) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) {
        const next = this.place(each);
        this.line(this.last, next);
        this.last = next;
      }
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (this.last = undefined));
  }

  /**
   * @private
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  /**
   * @private
   * @param {[number, number]} from
   * @param {[number, number]} to
   */
  line(from, to) {
    const { context } = this;
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.lineWidth = this.canvas.width / 13;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    this.changed();
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.changed();
  }

  /**
   * Draws strokes, as fast as a hand would if that is asked for.
   * @param {[number, number][][]} strokes of points from 0 to 100.
   * @param {boolean} slowly
   */
  async play(strokes, slowly) {
    const scale = this.canvas.width / 100;
    for (const stroke of strokes) {
      for (let i = 0; i + 1 < stroke.length; i++) {
        const [from, to] = [stroke[i], stroke[i + 1]];
        this.line([from[0] * scale, from[1] * scale], [to[0] * scale, to[1] * scale]);
        if (slowly && i % 3 === 0) await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    }
  }

  /** What is encrypted; undefined where nothing was drawn. */
  get sample() {
    const { width } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, width);
    const ink = new Uint8ClampedArray(width * width);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3];
    return sampleOf(ink, width);
  }
}
