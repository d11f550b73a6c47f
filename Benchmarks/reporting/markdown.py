"""The report in words and tables."""

import textwrap

from .collect import PORTABLE

OPERATIONS = [
    ("forward_ntt", "forward NTT, a limb"),
    ("inverse_ntt", "inverse NTT, a limb"),
    ("small_weight_gemm", "100 x 845 matrix of 8-bit weights, a limb of each"),
    ("encrypt_symmetric", "encrypt, symmetric"),
    ("encrypt_public", "encrypt, public"),
    ("decrypt", "decrypt"),
    ("add", "add"),
    ("plaintext_multiply", "multiply by a plaintext"),
    ("multiply", "multiply"),
    ("relinearize", "relinearize"),
    ("multiply_relinearize", "multiply, relinearize"),
    ("square_relinearize", "square, relinearize"),
    ("rotate", "rotate"),
    ("rotate_hoisted", "rotate, one of 8 hoisted"),
    ("modulus_switch", "drop a modulus"),
]
STREAMS = [
    ("plaintext_accumulate_l2", "a term, plaintexts in L2"),
    ("plaintext_accumulate_memory", "a term, plaintexts in memory"),
]

NOTES = """\
- **What is multiplied.** Blindsight multiplies BFV ciphertexts pointwise, without extending the basis: that is where
  its multiplication gains most over BFV as SEAL and OpenFHE do it, and it costs noise, as in BGV. OpenFHE's BGV is the
  like comparison. The product comes scaled by a constant that the planner absorbs.
- **Parameters.** Ternary secrets, t = 65537, moduli of the same sizes in all (two of 35 bits and a special one of 36 at
  N = 4096, four of 42 and one of 46 above; SEAL accepts up to 109 and 218 bits). OpenFHE makes its own special moduli,
  or has none: of its key switching techniques (BV, and hybrid where it fits) the faster counts.
- **Hoisting.** A sum of 8 rotations of one ciphertext, an eighth of its time. Blindsight divides by P once for the sum;
  OpenFHE adds 8 fast rotations of one decomposition; SEAL has no hoisting and rotates 8 times.
- **Encoding.** Blindsight's encryption and decryption encode and decode the slots. SEAL's and OpenFHE's don't, but for
  OpenFHE's decryption: through Python lists that would weigh more than the encryption.
- **NTT.** Ours is a limb in place; SEAL's is a ciphertext's share of a limb, with a copy.
- **Plaintexts** are encoded before and are in NTT form, and so is the ciphertext; in SEAL it is brought there first,
  untimed.
- **The peers' builds** are PyPI wheels, made for processors in general; SEAL and OpenFHE can be built for one processor
  and are faster then. "Portable C" is Blindsight without its vector kernels (`BLINDSIGHT_KERNELS=portable`): what its
  algorithms give by themselves. Calls to the peers go through Python, which costs around a microsecond each.
- **The networks** differ: each is its project's own MNIST example, so this compares what a user gets, not kernels. Ours
  is exact to the integer; TenSEAL's is CKKS and approximate, with random weights here.
- **Function privacy** of Blindsight's replies is 0: they are masked and re-randomized, not flooded.
"""


def time(microseconds):
    if microseconds is None:
        return ""
    for unit, scale in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= scale:
            return f"{_digits(microseconds / scale)} {unit}"
    return f"{_digits(microseconds)} µs"


def _digits(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(peer, ours):
    return f"{_digits(peer / ours)}x" if peer and ours else ""


def table(head, rows):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, align, *rows])


def _bytes(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def prediction(results):
    one, two, peer = results.prediction(1), results.prediction(2), results.network()
    rows = [["Blindsight, one core", f"{one:.1f} ms", "", *_sizes(results, "0: exact")]]
    if two:
        rows.append(["Blindsight, two cores", f"{two:.1f} ms", *[""] * 5])
    portable = results.prediction("portable")
    rows.append([f"{PORTABLE}, one core", f"{portable:.1f} ms", ratio(portable, one), *[""] * 4])
    if peer:
        error = f"{results.network('largest_error'):.1g}"
        rows.append(
            [
                "TenSEAL's tutorial network, one core", f"{peer:.0f} ms", ratio(peer, one),
                f"{results.network('encrypt_ms'):.2f} ms",
                _bytes(results.network("request_bytes")),
                _bytes(results.network("evaluation_key_bytes")), error,
            ]
        )
    head = ["one MNIST digit", "server", "to ours", "encrypt", "request", "keys", "error of a logit"]
    return table(head, rows)


def _sizes(results, error):
    first = results.first["prediction_1"]
    return [
        f"{results.prediction(1, 'encrypt_ms'):.2f} ms", _bytes(first["request_bytes"]),
        _bytes(first["evaluation_key_bytes"]), error,
    ]


def primitives(results):
    tools = results.tools()
    peers = [t for t in tools if t != "Blindsight"]
    rows = []
    for degree in results.degrees():
        for operation, words in OPERATIONS:
            times = [results.microseconds(t, degree, operation) for t in tools]
            if not any(times):
                continue
            ours = times[0]
            cells = [time(ours)]
            for peer in times[1:]:
                cells += [time(peer), ratio(peer, ours)]
            rows.append([f"{degree}: {words}", *cells])
    return table(["N: operation", "Blindsight", *sum(([p, "to ours"] for p in peers), [])], rows)


def counts(results):
    """Of each number of limbs: they don't depend on N."""
    lines = []
    for degree in results.degrees():
        limbs = results.row("Blindsight", degree, "add")["limbs"]
        if any(limbs == known for known, _ in lines):
            continue
        rows = []
        for operation, words in OPERATIONS:
            row = results.row("Blindsight", degree, operation)
            if row and row.get("counts"):
                rows.append([words.replace("one of 8", "8"), _counted(row["counts"])])
        lines.append((limbs, table([f"one run, {limbs} limbs", "operations"], rows)))
    text = [t.replace("| --- | ---: |", "| --- | --- |") for _, t in lines]
    run = results.first["prediction_1"]["operations"]
    prediction = textwrap.wrap(f"One MNIST prediction: {_counted(run)}.", 120)
    return "\n\n".join([*text, "\n".join(prediction)])


def _counted(counts):
    """In words, those of zero left out."""
    words = {name: name.replace("_", " ").replace("ntt", "NTT") for name in counts}
    return ", ".join(
        f"{n} {words[name] if n > 1 else _singular(words[name])}"
        for name, n in counts.items()
        if n
    )


def _singular(words):
    """Of "key switches" "key switch", of "products" "product"."""
    return words.removesuffix("es" if words.endswith("ches") else "s")


def streams(results):
    rows = []
    for degree in results.degrees():
        for operation, words in STREAMS:
            row = results.row("Blindsight", degree, operation)
            if row:
                microseconds = results.microseconds("Blindsight", degree, operation)
                limbs = row["limbs"]
                rate = f"{limbs * degree * 8 / microseconds / 1e3:.1f} GB/s"
                rows.append([f"{degree}: {words}", str(limbs), time(microseconds), rate])
    l2, memory = (
        f"{results.bandwidth(f'{place}_gigabytes_per_second'):.1f} GB/s from {name}"
        for place, name in (("l2", "L2"), ("memory", "memory"))
    )
    reads = f"One core that only reads: {l2}, {memory}."
    head = ["N: plaintext times ciphertext, added up", "limbs", "median", "plaintext read"]
    return table(head, rows) + "\n\n" + reads


def versions(results, about):
    first = results.first
    lines = [
        ["date", about["date"]], ["processor", about["processor"]], ["memory", about["memory"]],
        ["system", about["system"]], ["compiler", about["swift"]],
        ["Blindsight", f"commit {about['commit']}, kernels {first['micro']['kernels']}"],
    ]
    for name in ("SEAL", "OpenFHE"):
        peer = first[name]
        words = peer.get("version") if peer["available"] else "left out: " + peer["reason"]
        lines.append([name, words.replace("|", "/")])
    load = f"{results.raw['load_before']:.1f} before, {results.raw['load_after']:.1f} after"
    lines.append(["load average", load])
    return table(["measured on", ""], lines).replace("---:", "---")


def report(results, about, image):
    rounds = len(results.raw["rounds"])
    times = f"{rounds} rounds" if rounds > 1 else "one round"
    return f"""# Benchmarks

`make bench` measured this: Blindsight and its peers by turns on one machine, one core each where nothing else is
said. Each row was measured in {times}; its time is the median of many calls, in the round where that was lowest.
In half of the rows the rounds' medians differ by a factor of {results.spread():.2f} at most.

![times of Blindsight and its peers]({image})

{prediction(results)}

{primitives(results)}

"To ours" is how many times longer the peer takes.

## What is compared

{NOTES}
## Exact counts

{counts(results)}

## Plaintexts from memory

{streams(results)}

## Machine

{versions(results, about)}
"""
