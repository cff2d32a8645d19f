"""From the emitted files to the output folder: what is missing, stale or foreign there, and safe writing.

A file is ours, so that it may be replaced and removed, if one of its first lines carries the header. Files
that cannot carry it are told by their place in a generated package (one whose ``__init__.py`` carries the
header, or the one that is emitted): its ``py.typed``, and the contracts below its folder ``schemas``. An
empty file that an emitted one replaces is ours too: there is nothing in it to lose. Everything else is
foreign: it is named, and never touched.
"""

import json
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Final, Literal, TypeAlias

from sguild_codegen.emit.source import HEADER
from sguild_codegen.errors import OutputError
from sguild_codegen.record.record import RECORD

State: TypeAlias = Literal["unchanged", "missing", "stale", "orphaned", "foreign"]

_IGNORED: Final = frozenset(
    {
        "__pycache__",
        "dist",
        "build",
        ".git",
        ".hypothesis",
        ".import_linter_cache",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "venv",
        ".DS_Store",
    }
)
_IGNORED_PATTERNS: Final = ("*.egg-info", "*.pyc")
_TEMPORARY: Final = ".sguild-codegen-new"
_HEADERS: Final = (HEADER.encode(), json.dumps(HEADER).encode())  # as text has it, and as JSON does
_HEADER_WITHIN: Final = 1_000  # bytes: a marker of a merge conflict may stand before the header
_SCHEMA_ID: Final = re.compile(rb'"\$id"\s*:\s*"https://contracts\.sguild/')


@dataclass(frozen=True, slots=True)
class Change:
    """What the output folder has at a path (relative to it, with ``/``) and what it has to have there."""

    path: str
    state: State
    old: bytes | None = None
    new: bytes | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All files of the output folder and of the emitted package, by path."""

    folder: Path
    changes: tuple[Change, ...]

    def of(self, *states: State) -> tuple[Change, ...]:
        """Return the changes with one of the states."""
        return tuple(each for each in self.changes if each.state in states)

    @property
    def blocked(self) -> tuple[Change, ...]:
        """Foreign files that stand where an emitted one has to be."""
        return tuple(each for each in self.of("foreign") if each.new is not None)

    def diff(self) -> str:
        """Return what writing would change in text files, as a unified diff."""
        return "".join(_diff(each) for each in self.of("missing", "stale", "orphaned"))


@dataclass(frozen=True, slots=True)
class Written:
    """How many files a run wrote, left as they were, and removed."""

    written: int
    unchanged: int
    removed: int


def read_output(folder: Path) -> dict[str, bytes | None]:
    """Return every file below the output folder by its path, ``None`` for what is no regular file."""
    return dict(_on_disk(folder))


def read_record_file(folder: Path) -> bytes | None:
    """Return what stands at the place of the record; ``None`` where that is no file."""
    path = folder / RECORD
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None


def plan(folder: Path, files: Mapping[str, bytes], found: Mapping[str, bytes | None]) -> Plan:
    """Compare the emitted files with those that were ``found`` in the output folder, which may not exist yet.

    Raises:
        OutputError: the folder holds a symbolic link, or something else than a file where one has to be.
    """
    _refuse_links(folder, found)
    _check_ways(folder, [path for path in files if found.get(path) is None])
    packages = _packages(found)
    changes = [_change(path, files.get(path), found.get(path), packages) for path in sorted({*files, *found})]
    return Plan(folder, tuple(changes))


def write(planned: Plan) -> Written:
    """Write what is missing or stale and remove what is orphaned.

    All new files are written beside the old ones first, and then put in their places: an interrupted run
    leaves each file old or new as a whole. An ``__init__.py`` comes after other files, so that it exports no
    module that is not there.

    Raises:
        OutputError: foreign files stand in the way, or the folder cannot be written.
    """
    if planned.blocked:
        raise OutputError(
            f"{planned.blocked[0].path} was not generated; move or delete it. Nothing was written."
        )
    pending = sorted(
        planned.of("missing", "stale"), key=lambda each: (each.path.endswith("__init__.py"), each.path)
    )
    try:
        staged = [_staged(planned.folder / each.path, each.new or b"") for each in pending]
        for change, temporary in zip(pending, staged, strict=True):
            temporary.replace(planned.folder / change.path)
        for change in planned.of("orphaned"):
            _remove(planned.folder, change.path)
    except OSError as error:
        name = Path(error.filename).name if isinstance(error.filename, str) else "the output folder"
        raise OutputError(f"{name} cannot be written: {error.strerror}.") from error
    return Written(len(pending), len(planned.of("unchanged")), len(planned.of("orphaned")))


def write_record(folder: Path, text: str) -> None:
    """Write the record of a run, after all that it tells of; without it the next run makes everything."""
    with suppress(OSError):
        _staged(folder / RECORD, text.encode()).replace(folder / RECORD)


def _on_disk(folder: Path, base: str = "") -> Iterator[tuple[str, bytes | None]]:
    try:
        with os.scandir(folder / base) as found:
            entries = sorted(found, key=lambda each: each.name)
    except (FileNotFoundError, NotADirectoryError):
        return  # whatever stands there instead is found when the files are to be written
    for entry in entries:
        path = f"{base}{entry.name}"
        if _is_ignored(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _on_disk(folder, f"{path}/")
        elif not entry.is_file(follow_symlinks=False):
            yield path, None
        elif path != RECORD:
            yield path, Path(entry.path).read_bytes()


def _is_ignored(name: str) -> bool:
    return name in _IGNORED or any(fnmatch(name, each) for each in _IGNORED_PATTERNS)


def _packages(found: Mapping[str, bytes | None]) -> frozenset[str]:
    """Return the folders that are packages of ours, by the header of their ``__init__.py``."""
    return frozenset(
        parts[0]
        for path, content in found.items()
        if len(parts := PurePosixPath(path).parts) == 2  # noqa: PLR2004 - folder and file
        and parts[1] == "__init__.py"
        and _has_header(content or b"")
    )


def _change(path: str, new: bytes | None, old: bytes | None, packages: Collection[str]) -> Change:
    if new is not None and new == old:
        return Change(path, "unchanged", old, new)
    if new is not None and old is None:
        return Change(path, "missing", None, new)
    if old is None or not _is_ours(path, old, packages, emitted=new is not None):
        return Change(path, "foreign", old, new)
    return Change(path, "orphaned" if new is None else "stale", old, new)


def _is_ours(path: str, content: bytes, packages: Collection[str], *, emitted: bool) -> bool:
    place = PurePosixPath(path)
    if _has_header(content) or place.name.endswith(_TEMPORARY) or (emitted and not content):
        return True
    if not (emitted or place.parts[0] in packages):
        return False
    match place.parts[1:]:
        case ("py.typed",):
            return True
        case ("schemas", *_) if place.suffix == ".json":
            return _SCHEMA_ID.search(content) is not None
        case _:
            return False


def _has_header(content: bytes) -> bool:
    return any(each in content[:_HEADER_WITHIN] for each in _HEADERS)


def _refuse_links(folder: Path, found: Mapping[str, bytes | None]) -> None:
    """Refuse links also where nothing is written: who follows one reads or removes what is elsewhere."""
    for path in (RECORD, *(path for path, content in found.items() if content is None)):
        if (folder / path).is_symlink():
            raise OutputError(
                f"{path} is a symbolic link; remove it, or choose another folder with --output."
            )


def _check_ways(folder: Path, paths: Iterable[str]) -> None:
    """Refuse links and other surprises on the way to a file: through them, a write would leave the folder."""
    _check_step(folder, "", is_file=False)
    folders = {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents}
    for each in sorted(folders - {"."}):
        _check_step(folder, each, is_file=False)
    for path in paths:
        _check_step(folder, path, is_file=True)


def _check_step(folder: Path, path: str, *, is_file: bool) -> None:
    shown = path or "the output folder"
    try:
        mode = os.lstat(folder / path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise OutputError(f"{shown} is a symbolic link; remove it, or choose another folder with --output.")
    if stat.S_ISDIR(mode) == is_file:
        kind = "folder" if is_file else "file"
        raise OutputError(f"{shown} is a {kind}, but generated code needs its place; move it away.")


def _staged(place: Path, content: bytes) -> Path:
    """Write a file beside its place, and return where."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}{_TEMPORARY}")
    with suppress(FileNotFoundError):
        temporary.unlink()
    with temporary.open("xb") as file:
        file.write(content)
    return temporary


def _remove(folder: Path, path: str) -> None:
    # What an interrupted run left beside its place may have become the file by now.
    (folder / path).unlink(missing_ok=True)
    for parent in PurePosixPath(path).parents:
        if str(parent) == "." or not _rmdir(folder / parent):
            return


def _rmdir(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False  # it holds other files
    return True


def _diff(change: Change) -> str:
    import difflib

    old, new = _lines(change.old), _lines(change.new)
    before = "/dev/null" if change.old is None else f"a/{change.path}"
    after = "/dev/null" if change.new is None else f"b/{change.path}"
    lines = difflib.unified_diff(old, new, before, after)
    return "".join(
        each if each.endswith("\n") else f"{each}\n\\ No newline at end of file\n" for each in lines
    )


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode(errors="replace").splitlines(keepends=True)
