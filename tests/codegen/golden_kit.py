"""The golden cases, and their expected packages under names of their own, so that all fit in one process."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"
PACKAGES = ("sguild_contracts", "shop_events")


@dataclass(frozen=True)
class GoldenCase:
    """A folder: ``contracts``, ``args``, the output folder as it is ``before``, and what has to come out."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def arguments(self) -> list[str]:
        path = self.folder / "args"
        return shlex.split(path.read_text("utf-8")) if path.exists() else ["generate"]

    @property
    def output(self) -> str:
        """The output folder, relative to the current one."""
        arguments = self.arguments
        return arguments[arguments.index("--output") + 1] if "--output" in arguments else "generated"

    @property
    def package(self) -> Path | None:
        """The expected package, ``None`` where nothing is generated."""
        found = [self.folder / "expected" / name for name in PACKAGES]
        complete = [each for each in found if (each / "registry.py").exists()]
        return complete[0] if complete and not (self.folder / "before").exists() else None


CASES = [GoldenCase(path.parent) for path in sorted(GOLDEN.glob("*/contracts"))]
PACKAGE_CASES = [case for case in CASES if case.package is not None]


def stable(text: str) -> str:
    """Return what a command says without how long it took."""
    return re.sub(r" in \d+\.\d s\.", " in N s.", text)


def install(package: Path, name: str, folder: Path) -> None:
    """Copy a generated package into ``folder`` as the package ``name``."""
    for path in sorted(package.rglob("*")):
        if path.is_file():
            target = folder / name / path.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes().replace(package.name.encode(), name.encode()))


def module_names(package: Path, name: str) -> list[str]:
    """Return the modules of a generated package by the name that it was given."""
    relative = [path.relative_to(package).with_suffix("") for path in sorted(package.rglob("*.py"))]
    return [".".join((name, *each.parts)).removesuffix(".__init__") for each in relative]
