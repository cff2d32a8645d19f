"""The files of the contracts in one state: in a folder, or at a commit."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sguild_codegen.changes.git import Repository
from sguild_codegen.errors import ContractError, UsageError
from sguild_codegen.model.schema import JsonValue
from sguild_codegen.reader import limits
from sguild_codegen.reader.folder import contract_files
from sguild_codegen.reader.json_text import JsonFile, JsonProblems, parse, read_bytes
from sguild_codegen.reader.locating import report_path
from sguild_codegen.reader.problems import Locator, Problem
from sguild_codegen.report import rules
from sguild_codegen.report.safe import shown

REGISTRY: Final = "event-types-registry.json"
_SHA1_LENGTH: Final = 40


@dataclass(slots=True)
class Tree:
    """Contracts in one state.

    ``label`` says which, as "at origin/main"; it is empty for the files as they are now. ``ids`` are git's
    ids of the contents by file name, relative to the contracts folder. Contents are read when asked for.
    ``long_integers`` takes integers beyond 2^53, which contracts must not have.
    """

    label: str
    ids: Mapping[str, str]
    folder: Path
    fetch: Callable[[Iterable[str]], Mapping[str, bytes]]
    contents: dict[str, bytes] = field(default_factory=dict[str, bytes])
    values: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    locators: dict[str, Locator] = field(default_factory=dict[str, Locator])
    long_integers: bool = False

    def prefetch(self, names: Iterable[str]) -> None:
        """Read files together, which is faster than one by one."""
        missing = [each for each in names if each in self.ids and each not in self.contents]
        if missing:
            self.contents.update(self.fetch(missing))

    def content(self, name: str) -> bytes:
        """Return the bytes of a file."""
        self.prefetch([name])
        return self.contents[name]

    def value(self, name: str) -> JsonValue:
        """Return the JSON value of a file.

        Raises:
            ContractError: it is too large, or not strict JSON.
        """
        if name not in self.values:
            self.values[name] = self._parsed(name)
        return self.values[name]

    def file(self, name: str) -> JsonFile:
        """Return a file and its value; raises as :meth:`value`."""
        return JsonFile(name, self.content(name), self.value(name))

    def locator(self, name: str) -> Locator:
        """Return what finds lines in a file, with the file's path as findings name it."""
        if name not in self.locators:
            raw = self.content(name) if name in self.ids else None
            self.locators[name] = Locator(report_path(self.folder / name), raw)
        return self.locators[name]

    def _parsed(self, name: str) -> JsonValue:
        try:
            return _parse(name, self.content(name), long_integers=self.long_integers)
        except JsonProblems as error:
            found = [self.locator(name).finding(each) for each in error.problems]
            if self.label:  # the path alone would send the reader to the file as it is now
                found = [replace(each, message=f"{each.message} ({self.label})") for each in found]
            raise ContractError(found) from error


def folder_tree(folder: Path, like: Mapping[str, str]) -> Tree:
    """Return the contracts of a folder; ``like`` are the ids of other contracts, whose hash is used.

    Raises:
        UsageError: there is no such folder.
        ContractError: a file cannot be read, or is a link.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {shown(str(folder))}: name the contracts with --contracts.")
    names, links = contract_files(folder)
    problems = [Problem(rules.SYMBOLIC_LINK, each) for each in links]
    contents: dict[str, bytes] = {}
    for name in names:
        try:
            read_bytes(folder, name, contents)
        except JsonProblems as error:
            problems += error.problems
    if problems:
        found = [Locator(report_path(folder / each.document), None).finding(each) for each in problems]
        raise ContractError(found)
    name_of = hashlib.sha1 if len(next(iter(like.values()), "")) in {0, _SHA1_LENGTH} else hashlib.sha256
    ids = {
        name: name_of(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
        for name, raw in contents.items()
    }
    return Tree("", ids, folder, lambda _: {}, contents)


def single_file(path: Path) -> Tree:
    """Return the tree of one file, which may be any JSON Schema.

    Raises:
        ContractError: it cannot be read.
    """
    contents: dict[str, bytes] = {}
    try:
        read_bytes(path.parent, path.name, contents)
    except JsonProblems as error:
        locator = Locator(report_path(path), None)
        raise ContractError([locator.finding(each) for each in error.problems]) from error
    return Tree("", {path.name: ""}, path.parent, lambda _: {}, contents, long_integers=True)


def git_tree(repository: Repository, reference: str, folder: Path, path: str | None) -> Tree:
    """Return the contracts at a reference; ``path`` is their folder there, by default that of today.

    Raises:
        UsageError: the reference or the folder is not there.
    """
    commit = repository.commit(reference)
    inside = repository.inside(folder) if path is None else path.strip("/")
    ids = repository.files(commit, inside)
    if ids is None:
        raise UsageError(
            f"There is no folder {shown(inside or '/')} at {shown(reference)}: name it as REF:PATH."
        )
    json_files = {name: each for name, each in ids.items() if name.lower().endswith(".json")}

    def fetch(names: Iterable[str]) -> Mapping[str, bytes]:
        asked = list(names)
        return dict(zip(asked, repository.blobs([json_files[each] for each in asked]), strict=True))

    return Tree(f"at {reference}", json_files, repository.root / inside, fetch)


def _parse(name: str, raw: bytes, *, long_integers: bool) -> JsonValue:
    if len(raw) > limits.FILE_BYTES:
        values = {"size": f"{len(raw):,}", "limit": f"{limits.FILE_BYTES:,}"}
        raise JsonProblems(Problem(rules.FILE_TOO_LARGE, name, values=values))
    return parse(raw, name, long_integers=long_integers)
