"""Importing a generated package, and what it costs to use one event of it, against importing all of it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from measuring import Ratio, medians
from trees import write_tree

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "sguild_contracts"
EAGER: Final = f"import {PACKAGE} as package; [getattr(package, name) for name in package.__all__]"
ONE: Final = f"from {PACKAGE} import CreditLocked"


def ratios() -> list[Ratio]:
    """Measure the package of this repository, and one of 1,000 contracts."""
    with tempfile.TemporaryDirectory() as folder:
        large = _generated(Path(folder), 1000)
        return [*_ratios(ROOT / "generated", "", ONE, 9), *_ratios(large, " of 1,000 contracts", None, 3)]


def _ratios(distribution: Path, size: str, one: str | None, rounds: int) -> list[Ratio]:
    scripts = {"nothing": "pass", "lazy": f"import {PACKAGE}", "eager": EAGER}
    if one is not None:
        scripts["one"] = one
    found = medians({name: _python(distribution, each) for name, each in scripts.items()}, rounds)
    base, whole = found.pop("nothing"), found.pop("eager")
    names = {"lazy": f"import {PACKAGE}{size}", "one": "import of one event"}
    return [
        Ratio(names[each], "all of its names", seconds - base, whole - base)
        for each, seconds in found.items()
    ]


def _generated(folder: Path, contracts: int) -> Path:
    """Generate a package of so many contracts; what it says is compiled, as an installation would do it."""
    tree, output = write_tree(folder / "contracts", contracts), folder / "generated"
    tool = Path(sys.executable).with_name("sguild-codegen")
    _run(str(tool), "generate", "--contracts", str(tree), "--output", str(output))
    _run(sys.executable, "-m", "compileall", "-q", str(output))
    return output


def _python(distribution: Path, script: str) -> Callable[[], object]:
    environment = {**os.environ, "PYTHONPATH": f"{distribution}:{ROOT / 'runtime'}"}
    return lambda: _run(sys.executable, "-c", script, environment=environment)


def _run(*command: str, environment: dict[str, str] | None = None) -> object:
    return subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603 - our own
