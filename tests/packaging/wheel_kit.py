"""Builds the three distributions and installs them, each once for a run of all workers."""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[2]

FOLDERS: Final = {"sguild_codegen": ".", "sguild_contracts": "generated", "sguild_dispatcher": "runtime"}
"""The folder of each distribution, by the name that its files have."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution, built."""

    name: str
    sdist: Path
    wheel: Path

    @property
    def in_wheel(self) -> frozenset[str]:
        """The wheel's files, without the version in the name of their dist-info."""
        with zipfile.ZipFile(self.wheel) as archive:
            return frozenset(
                each.replace(self._info, f"{self.name}.dist-info") for each in archive.namelist()
            )

    @property
    def in_sdist(self) -> frozenset[str]:
        """The sdist's files, without the folder around them."""
        with tarfile.open(self.sdist) as archive:
            return frozenset(each.partition("/")[2] for each in archive.getnames())

    @property
    def metadata(self) -> Message:
        """The wheel's metadata."""
        with zipfile.ZipFile(self.wheel) as archive:
            return message_from_bytes(archive.read(f"{self._info}/METADATA"))

    @property
    def _info(self) -> str:
        return f"{'-'.join(self.wheel.name.split('-')[:2])}.dist-info"


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment that has nothing but what was installed into it."""

    folder: Path

    def run(self, command: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's commands in a folder, and return what it wrote."""
        return subprocess.run(
            [self.folder / "bin" / command, *arguments],
            cwd=cwd,
            env=_outside(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def packages(self) -> frozenset[str]:
        """The names of all installed distributions."""
        script = "import importlib.metadata as m; print(*(each.name.lower() for each in m.distributions()))"
        return frozenset(each.replace("_", "-") for each in self.python(script).split())

    def python(self, script: str) -> str:
        """Run a script that has to succeed, from outside of the repository, and return what it printed."""
        done = self.run("python", "-c", script, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout


def project(name: str) -> dict[str, Any]:
    """Return the project table of a distribution's pyproject.toml."""
    text = (REPOSITORY / FOLDERS[name] / "pyproject.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def build(name: str, folder: Path) -> Distribution:
    """Build the sdist, and the wheel from the sdist."""
    source = REPOSITORY / FOLDERS[name]
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return built(name, folder)


def built(name: str, folder: Path) -> Distribution:
    """Return what :func:`build` left in a folder; a second wheel of one name would be a mistake."""
    (sdist,) = folder.glob(f"{name}-*.tar.gz")
    (wheel,) = folder.glob(f"{name}-*.whl")
    return Distribution(name, sdist, wheel)


def install(folder: Path, *what: str | Path, cwd: Path) -> Installed:
    """Make an empty environment and install distributions with all that they need."""
    venv.create(folder)
    python = folder / "bin" / "python"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile", *what],
        cwd=cwd,
        env=_outside(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Installed(folder)


def once(base: Path, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder that ``make`` filled; of all worker processes only the first one makes it."""
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


def _outside() -> dict[str, str]:
    """Return an environment in which nothing leads back to the repository or to this interpreter."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SGUILD_"))}
    kept.pop("VIRTUAL_ENV", None)
    return {**kept, "NO_COLOR": "1", "COLUMNS": "110"}
