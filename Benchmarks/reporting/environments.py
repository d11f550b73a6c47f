"""Environments of Python for peers, each of its own, made where they are missing."""

import os
import subprocess
from pathlib import Path

from . import collect

HOME = collect.ROOT / ".build" / "trees"


def environment(name, packages, version="3.11"):
    """The interpreter of one with packages; raises what pip says where it can't be made."""
    python = HOME / name / "bin" / "python"
    if not (HOME / name / ".done").exists():
        versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        program, variable = f"python{version}", f"PYTHON{version.replace('.', '')}"
        found = [os.environ.get(variable), *sorted(versions.glob(f"{version}.*/bin/{program}")), program]
        for candidate in filter(None, found):
            try:
                subprocess.run([candidate, "-m", "venv", HOME / name], check=True, capture_output=True)
                break
            except (OSError, subprocess.CalledProcessError):
                continue
        else:
            raise RuntimeError(f"no Python {version} is there ({variable} names one)")
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError("pip: " + (done.stderr.strip().splitlines() or ["failed"])[-1][-200:])
        (HOME / name / ".done").touch()
    return python
