#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the best known attacks on the lattices of plans cost. Standard library only; about a minute.

    python3 Notebooks/estimate_security.py [NAME:N:LOG2QP | PLAN.json ...] [--details] [--skip-table]

First the script reproduces the table of eprint 2024/463 that the engine's parameters come from, and single attacks as
the lattice-estimator's documentation gives them; it fails where its own estimates don't fit. Then it prints, in
Markdown, what three attacks cost on each lattice named: as NAME:N:LOG2QP, or by a file NAME.json that
`blindsight plan MODEL --json` printed. It fails as well where a plan costs less than the level that it claims.

The problem is LWE of dimension N modulo QP with a uniform ternary secret, errors of variance 10.5 and as many samples
as an attacker likes. That RLWE is no easier than this is an assumption: nobody knows a better attack.

Papers, by eprint number where there is one:

  2024/463   the table; the attacks and the cost model that its authors ran
  2015/046   how such estimates are made (Albrecht, Player, Scott)
  2015/1092  when uSVP succeeds (New Hope); cost "ADPS16", one call of a sieve
  2017/815   the same condition, confirmed by experiments
  2015/1128  sieving by list decoding, cost "BDGL16"
  2017/999   dimensions for free (Ducas)
  2019/1161  gates of a sieve (Albrecht, Gheorghiu, Postlethwaite, Schanck)
  2023/302   why the dual attack below is too optimistic where it makes many guesses (Ducas, Pulles)
  MATZOV, "Report on the security of LWE", 2022, doi 10.5281/zenodo.6412487: fewer gates, cost "MATZOV"; dual attack
  Guo, Johansson, Asiacrypt 2021: a larger sieve after BKZ, an FFT over guesses
  Chen's thesis, Paris 2013: how short BKZ makes vectors.  Chen, Nguyen, Asiacrypt 2011: enumeration, cost "CheNgu12"
  Bai, Galbraith, ACISP 2014: a secret smaller than the errors
  Son, Cheon, WAHC 2019, doi 10.1145/3338469.3358941: guesses in two halves with a nearest plane
  github.com/malb/lattice-estimator: the constants of MATZOV and CheNgu12, lines fitted to the papers' tables
"""

import argparse
import functools
import json
import math
import pathlib
import re
import sys
from math import ceil, erf, exp, floor, inf, lgamma, log, log2, pi, sqrt

TERNARY = sqrt(2 / 3)
BINOMIAL = sqrt(10.5)
TOLERANCE = 2.0

# 2024/463, table 5.2, classical, ternary secrets: the largest log2 q. Its authors took Gaussian errors, of a deviation
# of 3.19.
TABLE_ERROR = 3.19
TABLE = {
    128: {1024: 26, 2048: 53, 4096: 106, 8192: 214, 16384: 430, 32768: 868, 65536: 1747},
    192: {2048: 36, 4096: 73, 8192: 147, 16384: 297, 32768: 597, 65536: 1199},
    256: {2048: 27, 4096: 56, 8192: 114, 16384: 230, 32768: 462, 65536: 929},
}

# The same table as the engine has it.
ENGINE_TABLE = pathlib.Path(__file__).resolve().parent.parent / "Sources/Lattice/Parameters/SecurityTable.swift"

# Outputs in the documentation of the lattice-estimator under its own defaults (cost MATZOV, GSA): attack, n, log2 q,
# deviations of secret and error, bits. The hybrid ones there guess nothing. The dual one there takes the length of
# vectors from BKZ's block, here it is that of the sieve after it: 0.3 bits less.
SINGLE = [
    ("primal", 512, log2(3329), sqrt(1.5), sqrt(1.5), 143.8),
    ("hybrid", 512, log2(3329), sqrt(1.5), sqrt(1.5), 140.2),
    ("hybrid", 8192, 214, TERNARY, 3.19, 128.3),
    ("hybrid", 32768, 868, TERNARY, 3.19, 128.0),
    ("dual", 8192, 226, TERNARY, 3.19, 121.8),
]
SINGLE_TOLERANCE = 0.5


def add(x, y):
    """log2(2^x + 2^y)."""
    x, y = max(x, y), min(x, y)
    return x if x - y > 60 else x + log2(1 + 2 ** (y - x))


def log2_ceil(x):
    """log2 of the least whole number >= 2^x that is at least 1."""
    return x if x > 40 else log2(max(1, ceil(2**x)))


@functools.lru_cache(maxsize=None)
def log_delta(beta):
    """The logarithm of the root Hermite factor of BKZ with this block size (Chen)."""
    return log(beta / (2 * pi * math.e) * (pi * beta) ** (1 / beta)) / (2 * (beta - 1))


def log_ball(n):
    """The logarithm of the volume of the unit ball."""
    return n / 2 * log(pi) - lgamma(n / 2 + 1)


# Cost models. All costs are log2: gates under MATZOV, one call of a sieve without polynomial factors under ADPS16,
# operations under the others.


class CostModel:
    # A sieve of dimension b finds 2^(0.2075 b) vectors, each sqrt(4/3) times as long as the shortest.
    LIST = 0.2075

    def sieve(self, beta, d):
        """The dimension of a sieve that costs about as much as BKZ, and its cost beside BKZ's."""
        return beta, -inf

    def log_length(self, beta, d):
        """The logarithm of the length of short vectors, over the root of the lattice's volume."""
        b, _ = self.sieve(beta, d)
        return log(4 / 3) / 2 + log(b / (2 * pi * math.e)) / 2 + (d - b) * log_delta(beta)

    def vectors(self, beta, d, log2_count):
        """The cost of so many short vectors: BKZ and a sieve, repeated where one sieve finds too few."""
        b, cost = self.sieve(beta, d)
        return log2_ceil(log2_count - self.LIST * b) + add(self.bkz(beta, d), cost)


class ADPS16(CostModel):
    name = "ADPS16"

    def bkz(self, beta, d):
        return 0.292 * beta


class BDGL16(CostModel):
    name = "BDGL16"

    def bkz(self, beta, d):
        return 0.292 * beta + 16.4 + (log2(8 * d) if beta < d else 0)


class MATZOV(CostModel):
    """Gates of list decoding, fitted to what MATZOV's report gives, with dimensions for free."""

    name = "MATZOV"
    SLOPE, OFFSET = 0.296135, 20.387886
    PROGRESSIVE = -log2(1 - 2**-SLOPE)

    def free(self, beta):
        return max(beta * log(4 / 3) / log(beta / (2 * pi * math.e)), 0.0)

    def gates(self, dimension):
        return self.PROGRESSIVE + self.SLOPE * dimension + self.OFFSET

    def bkz(self, beta, d):
        return self.PROGRESSIVE + log2(max(d - beta, 1)) + self.gates(beta - self.free(beta))

    def sieve(self, beta, d):
        b = beta - floor(self.free(beta))
        if beta < d:
            b = min(d, floor(b + (log2(d - beta) + self.PROGRESSIVE) / self.SLOPE))
        return b, self.gates(b)


class CheNgu12(CostModel):
    """Enumeration: little memory. Short vectors are those of BKZ, twice as long after a cheap re-randomization."""

    name = "CheNgu12"

    def bkz(self, beta, d):
        nodes = 0.2701888 * beta * log(beta) - 1.0192050 * beta + 16.1025314
        return nodes + log2(100) + (log2(8 * d) if beta < d else 0)

    def log_length(self, beta, d):
        return log(2) + d * log_delta(beta)

    def vectors(self, beta, d, log2_count):
        return add(self.bkz(beta, d), log2_count + 3 * log2(d))


MODELS = [MATZOV(), BDGL16(), ADPS16(), CheNgu12()]


class Lattice:
    """LWE of dimension n; deviations of secret and error."""

    def __init__(self, n, log2_q, secret=TERNARY, error=BINOMIAL):
        self.n, self.log2_q, self.secret, self.error = n, log2_q, secret, error
        self.log_q = log2_q * log(2)
        self.log_error = log(error)
        # The secret's part of the lattice is stretched until its entries are as large as errors.
        self.log_stretch = log(error / secret)

    @functools.cached_property
    def usvp_block(self):
        """The smallest block size with which BKZ finds (s, e, 1)."""
        low, high = 50, 4000
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.usvp_dimension(middle) else (middle + 1, high)
        return low

    def usvp_dimension(self, beta):
        """The least dimension d in which it does: the projection of (s, e, 1) on the last block, of length
        error sqrt(beta), is shorter than the vector that the GSA puts there. Times d that is a parabola in d."""
        step = log_delta(beta)
        a, b = -step, step * (2 * beta - 1) + self.log_q - self.log_error - log(beta) / 2
        c = self.log_error + self.n * self.log_stretch - (self.n + 1) * self.log_q
        discriminant = b * b - 4 * a * c
        if discriminant < 0:
            return None
        d = max(ceil((-b + sqrt(discriminant)) / (2 * a)), self.n, beta + 1)
        return d if (a * d + b) * d + c >= 0 else None

    def decoding_block(self, d, log_volume, beta):
        """The least dimension of a block, the last of a lattice that is reduced with beta, in which the projected
        error, with one more coordinate for the target, is the shortest vector."""

        def unique(block):
            volume = block / d * log_volume - (d - block) * block * log_delta(beta) + self.log_error
            return (volume - log_ball(block + 1)) / (block + 1) >= self.log_error + log(block + 1) / 2

        low, high = 2, min(d, 2500)
        if not unique(high):
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if unique(middle) else (middle + 1, high)
        return low

    def nearest_plane(self, d, log_volume, beta, block, halves=False):
        """log2 of the probability that the rounding steps above the last block all hit; with `halves`, that those of
        two half guesses add up to those of the whole (Son, Cheon, lemma 4.2)."""
        total, position = 0.0, d - block - 1
        while position >= 0:
            log_norm = log_volume / d + (d - 1 - 2 * position) * log_delta(beta)
            x = exp(min(log_norm - self.log_error, 300)) / sqrt(2)
            if halves and x > 6:
                # erf is 1 by now; what is left of the sum over i of log(1 - 1 / (x_i sqrt(pi))) is a geometric series.
                return total - 1 / (x * sqrt(pi) * (1 - exp(-2 * log_delta(beta)))) / log(2)
            if not halves and x > 12:
                return total
            hit = erf(x) - (1 - exp(-x * x)) / (x * sqrt(pi)) if halves else erf(x / 2)
            if hit <= 0:
                return -inf
            total += log2(hit)
            position -= 1
        return total

    def reduced(self, beta, guessed):
        """Dimension and volume that serve decoding best, with some coordinates of the secret guessed."""
        k = self.n - guessed
        d = max(beta, ceil(sqrt(k * (self.log_q - self.log_stretch) / log_delta(beta))))
        return d, (d - k) * self.log_q + k * self.log_stretch

    @functools.cached_property
    def decodings(self):
        """(beta, guessed, d, block, log2 of the chance), which no cost model changes."""
        found = []
        for guessed in range(0, 97, 4):
            for beta in range(max(60, self.usvp_block - 90), self.usvp_block + 3):
                d, volume = self.reduced(beta, guessed)
                block = self.decoding_block(d, volume, beta)
                if block:
                    found.append((beta, guessed, d, block, self.nearest_plane(d, volume, beta, block)))
        return found

    @functools.cached_property
    def halves(self):
        found = []
        for guessed in range(8, 257, 8):
            for beta in range(max(60, self.usvp_block - 60), self.usvp_block + 200, 5):
                d, volume = self.reduced(beta, guessed)
                found.append((beta, guessed, d, 0, self.nearest_plane(d, volume, beta, 0, halves=True)
                              + self.nearest_plane(d, volume, beta, 0)))
        return [attack for attack in found if attack[4] > -1000]


def primal(lattice, model):
    """uSVP: BKZ until (s, e, 1) comes out."""
    attacks = []
    for beta in range(lattice.usvp_block, lattice.usvp_block + 8):
        d = lattice.usvp_dimension(beta)
        if d:
            attacks.append((model.bkz(beta, d), {"block": beta, "d": d}))
    return min(attacks, key=lambda attack: attack[0])


def hybrid(lattice, model):
    """BDD: a weaker BKZ first, then one sieve, larger than its blocks, in the last block. Some coordinates of the
    secret are guessed, and the sieve runs for each guess. All guesses of a uniform secret are alike, so all are made.
    Guesses in two halves, with a nearest plane in place of the sieve, are also tried; they lose by far."""
    best = (inf, {})
    for beta, guessed, d, block, chance in lattice.decodings:
        decode = add(model.bkz(block + 1, block + 1), 2 * log2(d - block + 1))
        cost = add(model.bkz(beta, d), guessed * log2(3) + decode) - chance
        if cost < best[0]:
            best = cost, {"block": beta, "d": d, "last block": block, "guessed": guessed}
    for beta, guessed, d, _, chance in lattice.halves:
        cost = add(model.bkz(beta, d), guessed * log2(3) / 2 + 2 * log2(d)) - chance
        if cost < best[0]:
            best = cost, {"block": beta, "d": d, "guessed in halves": guessed}
    return best


def dual_at(lattice, model, beta, p, fft, guessed):
    """MATZOV's dual attack: short vectors of the dual lattice turn samples into ones with fewer secrets; `guessed` of
    these are tried one by one, `fft` of them together, after rounding to p, by an FFT."""
    k = lattice.n - guessed - fft
    ratio = lattice.log_q - lattice.log_stretch
    d = max(k + 1, beta + 1, round(sqrt(k * ratio / log_delta(beta))))
    # The deviation of what is left of secret and error after a short vector, over q.
    log_noise = lattice.log_error + k * ratio / d + model.log_length(beta, d) - lattice.log_q
    exponent = 4 * (pi * exp(min(log_noise, 100))) ** 2 + fft / 3 * (pi * lattice.secret / p) ** 2
    # Enough to find the one right guess among all, at a chance of 1/2.
    count = exponent / log(2) + log2(guessed * log(3) + fft * log(p) + log(2))
    reduction = model.vectors(beta, d, count)
    # A product costs 2^10 gates, an addition 160.
    transform = 10 + log2(fft) + (fft + 1) * log2(p) if fft else 0
    cost = add(reduction, guessed * log2(3) + add(transform, log2(4 * 160) + count))
    return cost, {"block": beta, "d": d, "guessed": guessed, "fft": fft, "p": p, "log2 vectors": round(count, 1)}


def dual(lattice, model):
    best = (inf, {})

    def consider(beta, p, fft, guessed):
        nonlocal best
        if beta >= 60 and p >= 2 and fft >= 0 and guessed >= 0:
            attack = dual_at(lattice, model, beta, p, fft, guessed)
            if attack[0] < best[0] - 1e-9:
                best = attack
            return attack[0]
        return inf

    for p in range(2, 6):
        for fft in range(0, 141, 10):
            for guessed in range(0, 61, 6):
                low, high = max(60, lattice.usvp_block - 120), lattice.usvp_block + 100
                while high - low > 2:
                    middle = (low + high) // 2
                    if consider(middle, p, fft, guessed) > consider(middle + 1, p, fft, guessed):
                        low = middle + 1
                    else:
                        high = middle
    before = inf
    while best[0] < before:
        before, at = best[0], dict(best[1])
        for beta in range(at["block"] - 4, at["block"] + 5):
            for fft in range(at["fft"] - 4, at["fft"] + 5):
                for guessed in range(at["guessed"] - 3, at["guessed"] + 4):
                    consider(beta, at["p"], fft, guessed)
    return best


ATTACKS = {"primal": primal, "dual": dual, "hybrid": hybrid}


def engine_table():
    rows = re.findall(r"^ *(\d+): \[(\.bits.*)\],$", ENGINE_TABLE.read_text(), re.MULTILINE)
    table = {}
    for n, row in rows:
        for level, bits in re.findall(r"\.bits(\d+): (\d+)", row):
            table.setdefault(int(level), {})[int(n)] = int(bits)
    return table


def check_table():
    """Whether the published points come out; the answer is the number of those that don't."""
    model, wrong = MODELS[0], 0
    if engine_table() != TABLE:
        print(f"estimate-security: {ENGINE_TABLE.name} differs from the published table", file=sys.stderr)
        wrong += 1
    print("Published points: bits of the cheapest attack under MATZOV at the largest log2 q and one bit above it.\n")
    print("| level | N | log2 q | primal | dual | hybrid | cheapest | off by | at log2 q + 1 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for level, row in TABLE.items():
        for n, log2_q in row.items():
            costs = [[attack(Lattice(n, log2_q + above, error=TABLE_ERROR), model)[0] for attack in ATTACKS.values()]
                     for above in (0, 1)]
            here, above = min(costs[0]), min(costs[1])
            # At small N one bit of q is many bits of security: then the level must lie between the two.
            fits = abs(here - level) <= TOLERANCE or above < level < here
            wrong += not fits
            print(f"| {level} | {n} | {log2_q} | " + " | ".join(f"{cost:.1f}" for cost in costs[0])
                  + f" | {here:.2f} | {here - level:+.2f} | {above:.2f} |" + ("" if fits else " WRONG"))
    print("\nSingle attacks that the lattice-estimator's documentation gives:\n")
    print("| attack | n | log2 q | there | here |")
    print("|---|---|---|---|---|")
    for name, n, log2_q, secret, error, there in SINGLE:
        here = ATTACKS[name](Lattice(n, log2_q, secret, error), model)[0]
        fits = abs(here - there) <= SINGLE_TOLERANCE
        wrong += not fits
        print(f"| {name} | {n} | {log2_q:.1f} | {there} | {here:.2f} |" + ("" if fits else " WRONG"))
    return wrong


def read_lattice(argument):
    """NAME:N:LOG2QP, or a file that `plan --json` printed: name, lattice and the level claimed. None where a plan has
    no lattice."""
    if pathlib.Path(argument).suffix == ".json":
        plan = json.loads(pathlib.Path(argument).read_text())
        name = f"{pathlib.Path(plan['model']).stem}, {plan['method']}"
        if "degree" not in plan:
            print(f"estimate-security: {name} has no lattice", file=sys.stderr)
            return None
        moduli = plan["ciphertext_moduli"] + plan["special_modulus"]
        name += f", {plan['function_privacy_bits']}"
        return name, Lattice(plan["degree"], sum(map(log2, moduli))), plan["security_bits"]
    name, degree, bits = argument.rsplit(":", 2)
    degree, bits = int(degree), float(bits)
    if not 512 <= degree <= 131072 or not 10 <= bits <= degree / 8:
        raise ValueError(f"{argument}: N is from 512 to 131072, log2 QP from 10 to N / 8")
    return name, Lattice(degree, bits), 0


def print_plans(lattices, details):
    """The table; the answer is the number of plans that cost less than they claim."""
    shown, weak, found = MODELS[:3], 0, {}
    print("| plan | N | log2 QP | block | " + " | ".join(
        f"{model.name} {name}" if name == "primal" else name for model in shown for name in ATTACKS) + " |")
    print("|---" * (4 + len(shown) * len(ATTACKS)) + "|")
    for name, lattice, level in lattices:
        key = lattice.n, lattice.log2_q
        if key not in found:
            found[key] = {model.name: {attack: run(lattice, model) for attack, run in ATTACKS.items()}
                          for model in (MODELS if details else shown)}
        costs = {model: {attack: cost for attack, (cost, _) in attacks.items()}
                 for model, attacks in found[key].items()}
        print(f"| {name} | {lattice.n} | {lattice.log2_q:.1f} | {lattice.usvp_block} | " + " | ".join(
            f"{costs[model.name][attack]:.1f}" for model in shown for attack in ATTACKS) + " |")
        if min(costs[MODELS[0].name].values()) < level - TOLERANCE:
            print(f"estimate-security: {name} claims {level} bits", file=sys.stderr)
            weak += 1
    if details:
        print()
        for name, lattice, _ in lattices:
            for model, attacks in found[lattice.n, lattice.log2_q].items():
                for attack, (cost, how) in attacks.items():
                    print(f"{name}: {model} {attack} {cost:.1f} bits, "
                          + ", ".join(f"{key} {value}" for key, value in how.items()))
    return weak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lattices", nargs="*", metavar="NAME:N:LOG2QP | PLAN.json")
    parser.add_argument("--details", action="store_true", help="block sizes, dimensions and guesses; CheNgu12 as well")
    parser.add_argument("--skip-table", action="store_true", help="don't reproduce the published table first")
    arguments = parser.parse_args()
    try:
        lattices = [found for found in map(read_lattice, arguments.lattices) if found]
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"no lattice: {error}")
    if not arguments.skip_table:
        wrong = check_table()
        if wrong:
            print(f"estimate-security: {wrong} checks against what is published failed", file=sys.stderr)
            return 1
        print(f"\nestimate-security: all {sum(map(len, TABLE.values())) + len(SINGLE)} published points reproduced\n")
    return 1 if lattices and print_plans(lattices, arguments.details) else 0


if __name__ == "__main__":
    sys.exit(main())
