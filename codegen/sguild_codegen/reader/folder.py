"""Which files are contracts."""

import os
from collections.abc import Iterator
from pathlib import Path


def contract_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the JSON files below the contracts folder, and the symbolic links there, relative to it."""
    files: list[str] = []
    links: list[str] = []
    for path, is_link in _entries(folder, ""):
        if is_link:
            links.append(path)
        elif path.lower().endswith(".json"):
            files.append(path)
    return files, links


def _entries(folder: Path, base: str) -> Iterator[tuple[str, bool]]:
    """Yield files and links by name, folder after folder, and whether they are links."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda each: each.name)
    for entry in entries:
        path = f"{base}{entry.name}"
        if entry.name == ".git":
            continue
        if entry.is_symlink():
            yield path, True
        elif not entry.is_dir(follow_symlinks=False):
            yield path, False
        else:
            yield from _entries(folder / entry.name, f"{path}/")
