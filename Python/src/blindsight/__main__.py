# SPDX-License-Identifier: Apache-2.0
"""The command line: `python -m blindsight --help`."""

from __future__ import annotations

import sys
from typing import NoReturn

from ._library import run_command_line


def main() -> NoReturn:
    run_command_line(["blindsight", *sys.argv[1:]])


if __name__ == "__main__":
    main()
