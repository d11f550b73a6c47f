# SPDX-License-Identifier: Apache-2.0
"""Builds wheels (PEP 517): `swift build` makes objects of the engine, clang and lld link one shared object of them.

It needs a Swift toolchain with its static libraries, and GMP's and zlib's headers; of Python nothing but itself.

How the shared object comes about is decided here and not in the engine's manifest, since flags for a linker would keep
others from depending on it:

- Swift's standard library and FoundationEssentials are linked statically, so nobody needs a Swift runtime;
- sections that nothing reaches are left out, and nothing but the functions of the C header is seen from outside;
- no symbol may stay undefined: a library that links with some is found out when it is loaded, elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
NAME = "blindsight"
LIBRARY = "libblindsight.dylib" if sys.platform == "darwin" else "libblindsight.so"


def _engine() -> Path:
    """The Swift package: around this folder in a checkout, inside it in a source distribution."""
    for folder in (HERE.parent, HERE / "engine"):
        if (folder / "Package.swift").exists():
            return folder
    raise SystemExit("blindsight_build: no Package.swift above this folder, nor in its folder 'engine'")


def _run(arguments: list[str], **options: object) -> str:
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)  # type: ignore[call-overload]
    if result.returncode != 0:
        tail = "\n".join(result.stdout.splitlines()[-40:])
        raise SystemExit(f"blindsight_build: {' '.join(arguments[:6])} failed:\n{tail}")
    return str(result.stdout)


def _exports(engine: Path) -> list[str]:
    """Functions of the header."""
    header = (engine / "Sources/BlindsightC/include/blindsight.h").read_text()
    code = re.sub(r"//[^\n]*", "", header)
    return sorted(set(re.findall(r"\b(bs_[a-z_0-9]+)\(", code)))


def build_library(target: Path) -> None:
    """Builds the shared object and writes it, stripped."""
    engine = _engine()
    swift = shutil.which("swift")
    if swift is None:
        raise SystemExit("blindsight_build: no swift on the PATH; install Swift 6.3 (https://swift.org/install)")
    build = ["swift", "build", "-c", "release", "--target", "BlindsightC", "--package-path", str(engine)]
    if "BLINDSIGHT_BUILD_PATH" in os.environ:
        build += ["--scratch-path", os.environ["BLINDSIGHT_BUILD_PATH"]]
    _run(build)
    folder = Path(_run([*build, "--show-bin-path"]).strip().splitlines()[-1])
    ours, others = _objects(engine, folder)
    if sys.platform == "darwin":
        _link_macos(engine, ours, others, target)
    else:
        _link_linux(engine, ours, others, target)


def _objects(engine: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Of the engine's modules, of which all are linked, and of other packages', of which is linked what is needed.

    Of ours all: what is found at run time alone, such as how a type describes itself, is there whatever file it is in.
    But not of sources that are gone: their objects stay in the folder.
    """
    own = {path.name for path in (engine / "Sources").iterdir()} - {"BlindsightCLI", "BlindsightClient"}
    foreign = {path.name for path in (engine / "Tests").iterdir()} if (engine / "Tests").exists() else set()
    ours: list[str] = []
    others: list[str] = []
    for module in sorted(folder.glob("*.build")):
        name = module.name[: -len(".build")]
        objects = sorted(str(path) for path in module.rglob("*.o"))
        if name in own:
            sources = {path.name for path in (engine / "Sources" / name).rglob("*")}
            ours += [path for path in objects if Path(path).stem in sources]
        elif name not in foreign and not name.endswith(("-tool", "Tests")):
            others += objects
    if not any("/BlindsightC.build/" in path for path in ours):
        raise SystemExit(f"blindsight_build: {folder} holds no objects of BlindsightC after the build")
    return ours, others


def _toolchain(swift: str) -> Path:
    """The folder usr of the toolchain."""
    info = _run([swift, "-print-target-info"])
    match = re.search(r'"runtimeResourcePath": "([^"]+)"', info)
    if match is None:
        raise SystemExit("blindsight_build: swift -print-target-info names no runtimeResourcePath")
    return Path(match.group(1).replace("\\/", "/")).parent.parent


def _link_linux(engine: Path, ours: list[str], others: list[str], target: Path) -> None:
    usr = _toolchain("swiftc")
    static = usr / "lib/swift_static/linux"
    if not (static / "libFoundationEssentials.a").exists():
        raise SystemExit(f"blindsight_build: {static} has no static libraries of Swift; install the whole toolchain")
    machine = platform.machine()
    with tempfile.TemporaryDirectory() as folder:
        exports = Path(folder) / "exports.map"
        names = " ".join(f"{name};" for name in _exports(engine))
        exports.write_text(f"{{ global: {names} local: *; }};\n")
        inputs = Path(folder) / "objects"
        quoted = "\n".join(f'"{path}"' for path in [*ours, "-Wl,--start-lib", *others, "-Wl,--end-lib"])
        inputs.write_text(quoted + "\n")
        _run(
            [
                # The toolchain's own: another clang may stand before it on the PATH.
                str(usr / "bin/clang"),
                "-shared",
                "-fuse-ld=lld",
                "-o",
                str(target),
                str(static / machine / "swiftrt.o"),
                f"@{inputs}",
                f"-L{static}",
                *(f"-l{name}" for name in _STATIC),
                "-lstdc++",
                "-lgmp",
                "-lz",
                "-lm",
                "-ldl",
                "-lpthread",
                # The unwinder from its archive, or libgcc_s would be needed too.
                "-static-libgcc",
                "-Wl,--gc-sections",
                # No index of unwinding tables: no exception crosses the interface.
                "-Wl,--no-eh-frame-hdr",
                f"-Wl,--version-script={exports}",
                "-Wl,-z,defs",
                "-Wl,-z,relro,-z,now",
                f"-Wl,-soname,{LIBRARY}",
                "-Wl,--strip-all",
                "-Wl,-O2",
                "-Wl,--icf=safe",
            ]
        )
    # Nobody finds the tables themselves without the index. Zeros are left, of which a wheel has next to nothing.
    _run([str(usr / "bin/llvm-objcopy"), "--remove-section=.eh_frame", str(target)])


# Of Swift, in the order in which they need each other.
_STATIC = (
    "FoundationEssentials",
    "_FoundationCollections",
    "_FoundationCShims",
    "swiftSynchronization",
    # Foundation has a cache of regular expressions, which nothing here reaches.
    "swift_StringProcessing",
    "swift_RegexParser",
    "swiftDispatch",
    "dispatch",
    "BlocksRuntime",
    "swift_Concurrency",
    "swiftCore",
    "swift_Builtin_float",
    "swiftGlibc",
)


def _link_macos(engine: Path, ours: list[str], others: list[str], target: Path) -> None:
    """Swift's runtime is part of macOS; GMP is linked from its archive. Not run where this was written."""
    with tempfile.TemporaryDirectory() as folder:
        exports = Path(folder) / "exports.txt"
        exports.write_text("".join(f"_{name}\n" for name in _exports(engine)))
        archive = Path(folder) / "libothers.a"
        _run(["libtool", "-static", "-o", str(archive), *others])
        inputs = Path(folder) / "objects"
        inputs.write_text("\n".join(f'"{path}"' for path in ours) + "\n")
        gmp = _run(["brew", "--prefix", "gmp"]).strip()
        _run(
            [
                "swiftc",
                "-emit-library",
                "-o",
                str(target),
                f"@{inputs}",
                str(archive),
                f"{gmp}/lib/libgmp.a",
                "-lz",
                "-Xlinker",
                "-dead_strip",
                "-Xlinker",
                "-exported_symbols_list",
                "-Xlinker",
                str(exports),
                "-Xlinker",
                "-install_name",
                "-Xlinker",
                f"@rpath/{LIBRARY}",
            ]
        )
    _run(["strip", "-x", str(target)])


# Wheels


def _project() -> dict[str, object]:
    """Of pyproject.toml, by hand: Python 3.9 has no reader for it, and the file is ours."""
    text = (HERE / "pyproject.toml").read_text()

    def value(key: str) -> str:
        match = re.search(rf'^{key} = "(.*)"$', text, re.M)
        assert match, key
        return match.group(1)

    def array(body: str) -> list[str]:
        return re.findall(r'"((?:[^"\\]|\\.)*)"', body)

    extras_text = text.split("[project.optional-dependencies]")[1].split("\n[")[0]
    return {
        "version": value("version"),
        "description": value("description"),
        "python": value("requires-python"),
        "license": re.search(r'^license = \{ text = "(.*)" \}$', text, re.M).group(1),  # type: ignore[union-attr]
        "keywords": array(re.search(r"^keywords = \[(.*)\]$", text, re.M).group(1)),  # type: ignore[union-attr]
        "classifiers": array(re.search(r"^classifiers = \[(.*?)\]", text, re.M | re.S).group(1)),  # type: ignore[union-attr]
        "dependencies": array(re.search(r"^dependencies = \[(.*)\]$", text, re.M).group(1)),  # type: ignore[union-attr]
        "extras": {
            line.split(" = ")[0]: array(line.split(" = ", 1)[1]) for line in extras_text.splitlines() if " = " in line
        },
    }


def _metadata(project: dict[str, object]) -> str:
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {NAME}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License: {project['license']}",
        f"Keywords: {','.join(project['keywords'])}",  # type: ignore[arg-type]
        *(f"Classifier: {line}" for line in project["classifiers"]),  # type: ignore[attr-defined]
        f"Requires-Python: {project['python']}",
        *(f"Requires-Dist: {line}" for line in project["dependencies"]),  # type: ignore[attr-defined]
    ]
    for extra, needs in project["extras"].items():  # type: ignore[attr-defined]
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {need} ; extra == '{extra}'" for need in needs]
    lines.append("Description-Content-Type: text/markdown")
    return "\n".join(lines) + "\n\n" + (HERE / "README.md").read_text()


def _tag() -> str:
    if sys.platform == "darwin":
        return f"py3-none-macosx_15_0_{platform.machine()}"
    return f"py3-none-linux_{platform.machine()}"


def _wheel_text() -> str:
    return f"Wheel-Version: 1.0\nGenerator: blindsight_build\nRoot-Is-Purelib: false\nTag: {_tag()}\n"


# What the shared object holds of others: packages of Swift in the engine's checkouts, and what the system links.
_CHECKOUTS = ("swift-argument-parser", "swift-asn1", "swift-crypto", "swift-protobuf")


def _licences(engine: Path) -> dict[str, bytes]:
    found = {"LICENSE": (engine / "LICENSE").read_bytes()}
    checkouts = Path(os.environ.get("BLINDSIGHT_BUILD_PATH", engine / ".build")) / "checkouts"
    for name in _CHECKOUTS:
        for file in ("LICENSE.txt", "LICENSE", "NOTICE.txt", "CONTRIBUTORS.txt"):
            if (checkouts / name / file).exists():
                found[f"{name}-{file}"] = (checkouts / name / file).read_bytes()
    swift = _toolchain("swiftc") / "share/swift/LICENSE.txt"
    if swift.exists():
        found["swift-LICENSE.txt"] = swift.read_bytes()
    for path in sorted((HERE / "licences").glob("*")):
        found[path.name] = path.read_bytes()
    return found


def _write_wheel(path: Path, library: Path, *, is_editable: bool) -> None:
    project = _project()
    info = f"{NAME}-{project['version']}.dist-info"
    records: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:

        def add(name: str, data: bytes, mode: int = 0o644) -> None:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            records.append(f"{name},sha256={digest},{len(data)}")

        if is_editable:
            add(f"__editable__{NAME}.pth", f"{HERE / 'src'}\n".encode())
        else:
            for file in sorted((HERE / "src" / NAME).rglob("*")):
                if file.suffix == ".py" or file.name == "py.typed":
                    add(file.relative_to(HERE / "src").as_posix(), file.read_bytes())
            add(f"{NAME}/{LIBRARY}", library.read_bytes(), 0o755)
            header = _engine() / "Sources/BlindsightC/include/blindsight.h"
            add(f"{NAME}/include/blindsight.h", header.read_bytes())
        add(f"{info}/METADATA", _metadata(project).encode())
        add(f"{info}/WHEEL", _wheel_text().encode())
        add(f"{info}/entry_points.txt", b"[console_scripts]\nblindsight = blindsight.__main__:main\n")
        for name, data in _licences(_engine()).items():
            add(f"{info}/licenses/{name}", data)
        records.append(f"{info}/RECORD,,")
        entry = zipfile.ZipInfo(f"{info}/RECORD", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        wheel.writestr(entry, "\n".join(records) + "\n")


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    name = f"{NAME}-{_project()['version']}-{_tag()}.whl"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / LIBRARY
        build_library(library)
        _write_wheel(Path(wheel_directory) / name, library, is_editable=False)
    return name


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """So that nothing is built to learn the name."""
    info = f"{NAME}-{_project()['version']}.dist-info"
    folder = Path(metadata_directory) / info
    folder.mkdir()
    (folder / "METADATA").write_text(_metadata(_project()))
    (folder / "WHEEL").write_text(_wheel_text())
    return info


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_editable(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    """The library lies beside the sources, and is ignored by git."""
    name = f"{NAME}-{_project()['version']}-{_tag()}.whl"
    library = HERE / "src" / NAME / LIBRARY
    build_library(library)
    _write_wheel(Path(wheel_directory) / name, library, is_editable=True)
    return name


def build_sdist(sdist_directory: str, config_settings: object = None) -> str:
    """This folder, and the engine's sources in its folder 'engine'."""
    engine = _engine()
    root = f"{NAME}-{_project()['version']}"
    files = _run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=engine).splitlines()
    name = f"{root}.tar.gz"
    with tarfile.open(Path(sdist_directory) / name, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(files):
            source = engine / file
            if not source.is_file():
                continue
            if file.startswith("Python/"):
                archive.add(source, f"{root}/{file[len('Python/') :]}")
            elif file.split("/")[0] in ("Sources", "Tests", "Fuzz", "Snippets", "Package.swift", "LICENSE"):
                archive.add(source, f"{root}/engine/{file}")
        text = _metadata(_project()).encode()
        entry = tarfile.TarInfo(f"{root}/PKG-INFO")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return name


if __name__ == "__main__":
    # The shared object alone, for programs in other languages: blindsight_build.py libblindsight.so
    build_library(Path(sys.argv[1]))
