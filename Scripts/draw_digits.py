#!/usr/bin/env python3
"""Draws the project's own handwritten-looking digits and writes them as IDX files.

The glyphs are strokes (Catmull-Rom curves through the control points below), bent by a seeded
jitter, slanted, rotated and inked with a round pen; then they are sized and centred the way MNIST
sizes and centres its own: the glyph fits a 20x20 box, its centre of mass is the middle of 28x28,
white ink on black. Image 2d and image 2d+1 show digit d.

    python Scripts/draw_digits.py [--output Samples] [--png sheet.png]

Only the standard library is used, so the same Python writes the same bytes everywhere.
"""
import argparse
import math
import os
import random
import struct
import zlib

SIDE = 28
BOX = 20.0
OVERSAMPLING = 4

# One entry a variant: (strokes, pen radius, slant, rotation in degrees). A stroke is a list of points (x, y), x to the
# right and y down, in a box of about 1 x 1.4; "curve" joins them smoothly and "line" straight.
GLYPHS = {
    0: [
        ([("curve", [(0.55, 0.02), (0.22, 0.18), (0.05, 0.65), (0.18, 1.2), (0.52, 1.38), (0.86, 1.15),
                     (0.97, 0.65), (0.82, 0.18), (0.5, 0.03)])], 0.085, 0.10, 0),
        ([("curve", [(0.7, 0.1), (0.4, 0.02), (0.1, 0.3), (0.02, 0.8), (0.2, 1.25), (0.55, 1.3), (0.9, 0.95),
                     (0.98, 0.45), (0.75, 0.08), (0.55, 0.12)])], 0.065, 0.22, 4),
    ],
    1: [
        ([("line", [(0.5, 0.0), (0.5, 1.4)])], 0.085, 0.12, 0),
        ([("curve", [(0.58, 0.0), (0.53, 0.5), (0.49, 1.0), (0.47, 1.4)])], 0.075, 0.30, 3),
    ],
    2: [
        ([("curve", [(0.08, 0.38), (0.2, 0.1), (0.52, 0.0), (0.85, 0.2), (0.82, 0.55), (0.5, 0.95), (0.08, 1.34)]),
          ("curve", [(0.08, 1.34), (0.4, 1.3), (0.7, 1.34), (1.0, 1.3)])], 0.08, 0.06, 0),
        ([("curve", [(0.12, 0.25), (0.4, 0.02), (0.78, 0.14), (0.8, 0.5), (0.55, 0.9), (0.22, 1.25), (0.06, 1.28),
                     (0.1, 1.06), (0.34, 1.08), (0.6, 1.3), (0.95, 1.26)])], 0.07, 0.12, 0),
    ],
    3: [
        ([("curve", [(0.1, 0.18), (0.42, 0.0), (0.8, 0.14), (0.78, 0.46), (0.38, 0.64)]),
          ("curve", [(0.38, 0.64), (0.8, 0.74), (0.92, 1.08), (0.6, 1.36), (0.25, 1.34), (0.04, 1.16)])], 0.08, 0.05, 0),
        ([("curve", [(0.08, 0.08), (0.45, 0.03), (0.82, 0.12), (0.62, 0.42), (0.4, 0.62)]),
          ("curve", [(0.4, 0.62), (0.78, 0.68), (0.9, 1.0), (0.62, 1.32), (0.2, 1.36), (0.0, 1.24)])], 0.068, 0.14, 0),
    ],
    4: [
        ([("curve", [(0.2, 0.02), (0.12, 0.36), (0.06, 0.72)]), ("curve", [(0.06, 0.72), (0.4, 0.7), (0.92, 0.66)]),
          ("curve", [(0.78, 0.05), (0.75, 0.6), (0.7, 1.4)])], 0.075, 0.10, 0),
        ([("curve", [(0.14, 0.0), (0.02, 0.4), (0.1, 0.66), (0.45, 0.68), (0.78, 0.52)]),
          ("curve", [(0.86, 0.0), (0.82, 0.5), (0.76, 1.0), (0.72, 1.4)])], 0.07, 0.18, 2),
    ],
    5: [
        ([("line", [(0.92, 0.04), (0.28, 0.06)]),
          ("curve", [(0.28, 0.06), (0.22, 0.36), (0.17, 0.6)]),
          ("curve", [(0.17, 0.6), (0.48, 0.5), (0.84, 0.68), (0.88, 1.06), (0.56, 1.36), (0.2, 1.34), (0.02, 1.2)])],
         0.078, 0.10, 0),
        ([("curve", [(0.98, 0.0), (0.65, 0.03), (0.32, 0.08)]),
          ("curve", [(0.32, 0.08), (0.26, 0.32), (0.18, 0.55)]),
          ("curve", [(0.18, 0.55), (0.5, 0.56), (0.74, 0.78), (0.7, 1.12), (0.42, 1.34), (0.1, 1.32)])],
         0.068, 0.18, 0),
    ],
    6: [
        ([("curve", [(0.72, 0.0), (0.4, 0.28), (0.14, 0.75), (0.16, 1.2), (0.48, 1.38), (0.82, 1.2), (0.84, 0.9),
                     (0.56, 0.76), (0.26, 0.9), (0.15, 1.1)])], 0.078, 0.06, 0),
        ([("curve", [(0.6, 0.0), (0.26, 0.36), (0.06, 0.86), (0.12, 1.26), (0.42, 1.38), (0.68, 1.16), (0.62, 0.9),
                     (0.38, 0.88), (0.14, 1.12)])], 0.07, 0.16, 0),
    ],
    7: [
        ([("curve", [(0.05, 0.12), (0.4, 0.08), (0.92, 0.06)]),
          ("curve", [(0.92, 0.06), (0.7, 0.5), (0.52, 0.95), (0.42, 1.4)])], 0.078, 0.05, 0),
        ([("curve", [(0.06, 0.2), (0.1, 0.08), (0.5, 0.1), (0.94, 0.04)]),
          ("curve", [(0.94, 0.04), (0.78, 0.4), (0.56, 0.8), (0.46, 1.4)]),
          ("line", [(0.36, 0.74), (0.86, 0.68)])], 0.065, 0.10, 0),
    ],
    8: [
        ([("curve", [(0.78, 0.22), (0.5, 0.02), (0.2, 0.18), (0.26, 0.46), (0.55, 0.68), (0.82, 0.96), (0.74, 1.28),
                     (0.44, 1.38), (0.16, 1.2), (0.24, 0.9), (0.55, 0.64), (0.8, 0.4), (0.78, 0.22)])], 0.075, 0.08, 0),
        ([("curve", [(0.82, 0.14), (0.52, 0.02), (0.28, 0.2), (0.36, 0.48), (0.62, 0.76), (0.68, 1.1), (0.44, 1.36),
                     (0.16, 1.22), (0.22, 0.92), (0.52, 0.66), (0.86, 0.36), (0.82, 0.14)])], 0.065, 0.18, 0),
    ],
    9: [
        ([("curve", [(0.82, 0.3), (0.6, 0.04), (0.26, 0.12), (0.14, 0.44), (0.36, 0.66), (0.66, 0.56), (0.82, 0.3)]),
          ("curve", [(0.82, 0.3), (0.8, 0.75), (0.72, 1.4)])], 0.078, 0.08, 0),
        ([("curve", [(0.8, 0.18), (0.5, 0.02), (0.2, 0.24), (0.22, 0.56), (0.5, 0.6), (0.76, 0.36), (0.82, 0.12)]),
          ("curve", [(0.82, 0.12), (0.8, 0.6), (0.68, 1.05), (0.5, 1.36)])], 0.07, 0.14, 0),
    ],
}


def curve(points, pieces=12):
    """Points along the Catmull-Rom spline through `points` (ends doubled)."""
    padded = [points[0]] + points + [points[-1]]
    path = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:]):
        for step in range(pieces):
            t = step / pieces
            path.append(tuple(
                0.5 * (2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t * t
                       + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t * t * t) for i in (0, 1)))
    return path + [points[-1]]


def bend(path, random_source, size):
    """Adds a slow wobble, as of a hand: two sine waves of random phase along the glyph."""
    phases = [random_source.uniform(0, 2 * math.pi) for _ in range(4)]
    return [(x + size * (math.sin(3.1 * y + phases[0]) + 0.5 * math.sin(6.7 * y + phases[1])),
             y + size * (math.sin(3.3 * x + phases[2]) + 0.5 * math.sin(5.9 * x + phases[3]))) for x, y in path]


def segment_distance(px, py, a, b):
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else max(0.0, min(1.0, ((px - a[0]) * dx + (py - a[1]) * dy) / length))
    return math.hypot(px - a[0] - t * dx, py - a[1] - t * dy)


def render(variant, random_source):
    """One glyph as 28 rows of 28 bytes."""
    strokes, pen, slant, degrees = variant
    angle = math.radians(degrees + random_source.uniform(-2, 2))
    paths = []
    for kind, points in strokes:
        path = curve(points) if kind == "curve" else points
        if kind == "line":
            path = [(a[0] + (b[0] - a[0]) * t / 8, a[1] + (b[1] - a[1]) * t / 8)
                    for a, b in zip(points, points[1:]) for t in range(9)]
        paths.append(path)
    # The same wobble for all strokes keeps their joints closed.
    seed = random_source.random()
    placed = []
    for path in paths:
        bent = bend(path, random.Random(seed), 0.012)
        slanted = [(x - slant * (y - 0.7), y) for x, y in bent]
        placed.append([(x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
                       for x, y in slanted])
    xs = [x for path in placed for x, _ in path]
    ys = [y for path in placed for _, y in path]
    width, height = max(xs) - min(xs) + 2 * pen, max(ys) - min(ys) + 2 * pen
    scale = BOX / max(width, height)
    radius = pen * scale
    middle = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    segments = [((SIDE / 2 + (a[0] - middle[0]) * scale, SIDE / 2 + (a[1] - middle[1]) * scale),
                 (SIDE / 2 + (b[0] - middle[0]) * scale, SIDE / 2 + (b[1] - middle[1]) * scale))
                for path in placed for a, b in zip(path, path[1:])]
    first = ink(segments, radius, 0, 0)
    mass = sum(map(sum, first))
    off_x = SIDE / 2 - sum(v * (x + 0.5) for row in first for x, v in enumerate(row)) / mass
    off_y = SIDE / 2 - sum(v * (y + 0.5) for y, row in enumerate(first) for v in row) / mass
    return [[min(255, int(255 * v + 0.5)) for v in row] for row in ink(segments, radius, off_x, off_y)]


def ink(segments, radius, off_x, off_y):
    """Coverage of each pixel by the pen's path, with a soft edge, averaged over subpixels."""
    image = []
    for row in range(SIDE):
        line = []
        for column in range(SIDE):
            total = 0.0
            for sub_y in range(OVERSAMPLING):
                for sub_x in range(OVERSAMPLING):
                    px = column + (sub_x + 0.5) / OVERSAMPLING - off_x
                    py = row + (sub_y + 0.5) / OVERSAMPLING - off_y
                    distance = min((segment_distance(px, py, a, b) for a, b in segments
                                    if abs(a[0] - px) < 5 and abs(a[1] - py) < 5), default=99.0)
                    total += max(0.0, min(1.0, radius + 0.5 - distance))
            line.append(total / OVERSAMPLING ** 2)
        image.append(line)
    return image


def write_png(path, images, columns=10, zoom=4):
    """A contact sheet to look at; `zoom` pixels a pixel."""
    rows = (len(images) + columns - 1) // columns
    width, height = columns * SIDE * zoom, rows * SIDE * zoom
    data = bytearray()
    for y in range(height):
        data.append(0)
        for x in range(width):
            index = (y // (SIDE * zoom)) * columns + x // (SIDE * zoom)
            data.append(images[index][(y // zoom) % SIDE][(x // zoom) % SIDE] if index < len(images) else 0)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(bytes(data))) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="Samples", help="folder for the two IDX files")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--png", help="also write a contact sheet here")
    arguments = parser.parse_args()
    random_source = random.Random(arguments.seed)
    images, labels = [], []
    for digit in range(10):
        for variant in GLYPHS[digit]:
            images.append(render(variant, random_source))
            labels.append(digit)
    os.makedirs(arguments.output, exist_ok=True)
    with open(os.path.join(arguments.output, "digits-images-idx3-ubyte"), "wb") as file:
        file.write(struct.pack(">IIII", 0x803, len(images), SIDE, SIDE))
        file.write(bytes(value for image in images for row in image for value in row))
    with open(os.path.join(arguments.output, "digits-labels-idx1-ubyte"), "wb") as file:
        file.write(struct.pack(">II", 0x801, len(labels)) + bytes(labels))
    if arguments.png:
        write_png(arguments.png, images)


if __name__ == "__main__":
    main()
