"""What the numbers were measured on: no names of hosts or people."""

import os
import platform
import subprocess


def _output(*command, folder=None):
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _field(path, key, separator):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, _, value = line.partition(separator)
                if name.strip() == key:
                    return value.strip().strip('"')
    except OSError:
        pass
    return ""


def processor():
    name = _field("/proc/cpuinfo", "model name", ":") or _output(
        "sysctl", "-n", "machdep.cpu.brand_string"
    )
    flags = _field("/proc/cpuinfo", "flags", ":").split()
    extensions = [f for f in ("avx2", "avx512f", "avx512ifma") if f in flags]
    words = [name or platform.processor() or platform.machine()]
    family, model = (_field("/proc/cpuinfo", k, ":") for k in ("cpu family", "model"))
    if family:
        words.append(f"family {family}, model {model}")
    words.append(f"{os.cpu_count()} cores")
    words += extensions
    if "hypervisor" in flags:
        words.append("virtual machine")
    return ", ".join(words)


def memory():
    kilobytes = _field("/proc/meminfo", "MemTotal", ":").split()
    return f"{int(kilobytes[0]) / 2**20:.0f} GiB" if kilobytes else ""


def system():
    return _field("/etc/os-release", "PRETTY_NAME", "=") or platform.platform()


def swift():
    lines = _output("swift", "--version").splitlines()
    return lines[0] if lines else ""


def commit(folder):
    """The commit that was measured, with a word where files differ from it."""
    name = _output("git", "rev-parse", "--short", "HEAD", folder=folder)
    dirty = _output("git", "status", "--porcelain", "--untracked-files=no", folder=folder)
    return name + (" and changes" if dirty else "")


def load():
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0
