"""Strict JSON: what the standard library accepts, less everything on which readers disagree."""

import json
import math
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sguild_codegen.model.schema import JsonValue
from sguild_codegen.reader import limits
from sguild_codegen.reader.positions import is_safe_integer, scan
from sguild_codegen.reader.problems import Problem
from sguild_codegen.report import rules
from sguild_codegen.report.rules import Rule

_MOST_DIGITS: Final = 1_000
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of the contracts folder and its JSON value; ``name`` is relative to the folder, with ``/``."""

    name: str
    raw: bytes
    value: JsonValue


class JsonProblems(Exception):  # noqa: N818 - carries problems to where all of a run are collected
    """The file holds no JSON that all readers read alike."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def read_json_file(folder: Path, name: str, read: dict[str, bytes]) -> JsonFile:
    """Read one file below ``folder``; its bytes go to ``read``, also where they are refused.

    Raises:
        JsonProblems: the file cannot be read, or is not strict JSON.
    """
    if _has_link(folder, name):
        raise _problem(rules.SYMBOLIC_LINK, name)
    raw = read_bytes(folder, name, read)
    return JsonFile(name, raw, parse(raw, name))


def read_bytes(folder: Path, name: str, read: dict[str, bytes]) -> bytes:
    """Return the bytes of one file below ``folder``, which are read once and kept in ``read``.

    Raises:
        JsonProblems: the file cannot be read.
    """
    if name in read:
        return read[name]
    path = folder / name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _problem(rules.UNREADABLE_FILE, name, reason="it is no regular file")
        size = status.st_size
        if size > limits.FILE_BYTES:
            raise _problem(rules.FILE_TOO_LARGE, name, size=f"{size:,}", limit=f"{limits.FILE_BYTES:,}")
        read[name] = path.read_bytes()
    except OSError as error:
        raise _problem(rules.UNREADABLE_FILE, name, reason=error.strerror or "unknown") from error
    return read[name]


def parse(raw: bytes, name: str, *, long_integers: bool = False) -> JsonValue:
    """Return the JSON value of a file's bytes.

    Args:
        raw: the bytes.
        name: what problems call the file.
        long_integers: take integers beyond 2^53, too, up to a thousand digits.

    Raises:
        JsonProblems: the bytes are not strict JSON.
    """
    text = _decoded(raw, name)
    suspicion = _Suspicion()
    try:
        value = suspicion.read(text)
    except json.JSONDecodeError as error:
        raise _invalid(error, name) from error
    except RecursionError as error:
        raise JsonProblems(*_faults(text, name)) from error
    if not (suspicion.raised or _SURROGATE.search(text)):
        return value
    problems = [each for each in _faults(text, name) if not (long_integers and _is_of_long_integer(each))]
    if problems:
        raise JsonProblems(*problems)
    return value


@dataclass(slots=True)
class _Suspicion:
    """Hooks that only notice that something is wrong; the scanner then says what and where."""

    raised: bool = field(default=False)

    def read(self, text: str) -> JsonValue:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=self.pairs,
            parse_int=self.integer,
            parse_float=self.number,
            parse_constant=self.constant,
        )
        self.raised |= _depth(value) > limits.DEPTH
        return value

    def pairs(self, pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
        found = dict(pairs)
        self.raised |= len(found) != len(pairs)
        return found

    def integer(self, token: str) -> int:
        if is_safe_integer(token):
            return int(token)
        self.raised = True
        return int(token) if len(token) <= _MOST_DIGITS else 0

    def number(self, token: str) -> float:
        value = float(token)
        self.raised |= not math.isfinite(value)
        return value

    def constant(self, token: str) -> float:
        self.raised = True
        return float(token)


def _has_link(folder: Path, name: str) -> bool:
    """Tell whether the file or a folder on the way to it (below ``folder``) is a symbolic link."""
    parts = Path(name).parts
    return any(folder.joinpath(*parts[: count + 1]).is_symlink() for count in range(len(parts)))


def _decoded(raw: bytes, name: str) -> str:
    if raw.startswith(_BYTE_ORDER_MARK):
        raise _problem(rules.BYTE_ORDER_MARK, name)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = len(raw[: error.start].decode())
        problem = Problem(rules.NOT_UTF8, name, values={"offset": str(error.start)}, offset=before)
        raise JsonProblems(problem) from error


def _invalid(error: json.JSONDecodeError, name: str) -> JsonProblems:
    reason = (error.msg[0].lower() + error.msg[1:]).removesuffix(" at").removesuffix(" starting")
    return JsonProblems(Problem(rules.INVALID_JSON, name, values={"reason": reason}, offset=error.pos))


def _faults(text: str, name: str) -> list[Problem]:
    return [
        Problem(
            fault.rule, name, fault.pointer, values=fault.values, offset=fault.span.start, end=fault.span.end
        )
        for fault in scan(text).faults
    ]


def _is_of_long_integer(problem: Problem) -> bool:
    if problem.rule is not rules.INTEGER_RANGE or problem.offset is None or problem.end is None:
        return False
    return problem.end - problem.offset <= _MOST_DIGITS


def _depth(value: JsonValue) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _problem(rule: Rule, name: str, **values: str) -> JsonProblems:
    return JsonProblems(Problem(rule, name, values=values))
