"""Environments of Python 3.11 for peers, each of its own, made where they are missing."""

import os
import subprocess
from pathlib import Path

from . import collect

HOME = collect.ROOT / ".build" / "trees"


def environment(name, packages):
    """The interpreter of one with packages; raises what pip says where it can't be made."""
    python = HOME / name / "bin" / "python"
    if not (HOME / name / ".done").exists():
        versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        found = [os.environ.get("PYTHON311"), "python3.11", *sorted(versions.glob("3.11.*/bin/python3.11"))]
        for candidate in filter(None, found):
            try:
                subprocess.run([candidate, "-m", "venv", HOME / name], check=True, capture_output=True)
                break
            except (OSError, subprocess.CalledProcessError):
                continue
        else:
            raise RuntimeError("no Python 3.11 is there (PYTHON311 names one)")
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError("pip: " + (done.stderr.strip().splitlines() or ["failed"])[-1][-200:])
        (HOME / name / ".done").touch()
    return python
