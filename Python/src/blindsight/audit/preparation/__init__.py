# SPDX-License-Identifier: Apache-2.0
"""A table made safer before anything is trained on it.

    python -m blindsight.audit.preparation policy.toml table.csv --out folder

The policy says what each attribute is: identifying (left out), quasi-identifying (generalized), sensitive (kept, and
kept from being told by its class), or insensitive (kept). Settings of k-anonymity, l-diversity and t-closeness are
tried within a time limit, risk and utility of each are measured, and the best allowed one is written, trained on, and
planned.
"""

from __future__ import annotations

from .measures import Risk, measure_risk
from .mondrian import Anonymized, Limits, anonymize
from .policy import Attribute, Policy, read_policy
from .solutions import Solution, search
from .table import Table, read_table

__all__ = [
    "Anonymized",
    "Attribute",
    "Limits",
    "Policy",
    "Risk",
    "Solution",
    "Table",
    "anonymize",
    "measure_risk",
    "read_policy",
    "read_table",
    "search",
]
