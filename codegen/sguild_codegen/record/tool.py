"""Which tool made the files: a record of another one says nothing."""

import hashlib
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]
# What emitted text passes through besides our own sources.
_LIBRARIES: Final = ("black", "datamodel-code-generator", "jinja2", "pydantic", "sguild-codegen")


def fingerprint(package: str, templates: Path) -> str:
    """Return a digest of all that shapes the text of a package beside its contracts.

    That is its name, the versions of Python and of the libraries, and the tool's sources and templates.
    """
    found = hashlib.sha256(repr((package, sys.version_info[:3], *_versions())).encode())
    for folder, pattern in ((_PACKAGE, "*.py"), (templates, "*.jinja")):
        for path in sorted(folder.rglob(pattern)):
            found.update(repr((path.relative_to(folder).as_posix(), path.read_bytes())).encode())
    return found.hexdigest()


def _versions() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:  # a checkout that is not installed has its sources in the digest
            yield name, ""
