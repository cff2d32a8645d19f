"""Contracts as they were at a commit, read by git itself; nothing is checked out, and no shell is there."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sguild_codegen.errors import UsageError
from sguild_codegen.report.safe import shown

# Messages in English, no questions; what a repository "replaces" by other objects is read as it is.
_ENVIRONMENT: Final = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1"}
_REGULAR: Final = (b"100644", b"100755")
_MISSING: Final = b"missing"


class _GitError(Exception):
    """Git ended with an error; the text is its first line."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository by its root."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> "Repository":
        """Return the repository that a folder lies in.

        Raises:
            UsageError: there is none, or git does not read it, or git is not there.
        """
        try:
            found = _git(folder, "rev-parse", "--show-toplevel")
        except _GitError as error:
            raise UsageError(f"git finds no repository around {shown(str(folder))}: {error}.") from error
        return cls(Path(os.fsdecode(found.rstrip(b"\n"))))

    def inside(self, path: Path) -> str:
        """Return a path relative to the root, with ``/``; empty for the root itself.

        Raises:
            UsageError: it lies outside.
        """
        root, inner = self.root.resolve(), path.resolve()
        if not inner.is_relative_to(root):
            raise UsageError(f"{shown(str(path))} lies outside of the repository: name REF:PATH.")
        found = inner.relative_to(root).as_posix()
        return "" if found == "." else found

    def commit(self, reference: str) -> str:
        """Return the id of the commit that a reference names.

        Raises:
            UsageError: it names none here.
        """
        found = self._resolved(f"{reference}^{{commit}}") if reference else None
        if found is not None:
            return found
        if _git(self.root, "rev-parse", "--is-shallow-repository").strip() == b"true":
            hint = "this is a shallow clone: fetch it first (git fetch --unshallow, or fetch-depth: 0 in CI)."
        else:
            hint = "name a branch, a tag or a commit that is here, or fetch it first."
        raise UsageError(f"{shown(reference)} names no commit: {hint}")

    def files(self, commit: str, folder: str) -> dict[str, str] | None:
        """Return the ids of the regular files below a folder by their path in it; ``None``: no such folder.

        ``folder`` is relative to the root, with ``/``; empty for the root.
        """
        tree = self._resolved(f"{commit}:{folder}")
        if tree is None:
            return None
        try:
            listed = _git(self.root, "ls-tree", "-r", "-z", "--full-tree", tree)
        except _GitError:  # a file of that name
            return None
        found: dict[str, str] = {}
        for entry in listed.split(b"\0")[:-1]:
            facts, _, name = entry.partition(b"\t")
            mode, _, blob = facts.split(b" ")
            if mode in _REGULAR:
                found[os.fsdecode(name)] = blob.decode()
        return found

    def blob(self, commit: str, path: str) -> bytes | None:
        """Return one file at a commit, ``None`` if it is not there."""
        found = self._resolved(f"{commit}:{path}")
        return None if found is None else next(iter(self.blobs([found])))

    def blobs(self, ids: Sequence[str]) -> Iterable[bytes]:
        """Yield the contents of blobs, in order.

        Raises:
            UsageError: git has one of them no more, as in a damaged or partial clone.
        """
        asked = "".join(f"{each}\n" for each in ids).encode()
        answer = _git(self.root, "cat-file", "--batch", stdin=asked)
        offset = 0
        for each in ids:
            end = answer.index(b"\n", offset)
            header = answer[offset:end].split(b" ")
            if header[-1] == _MISSING:
                raise UsageError(
                    f"git has no object {each}: the clone is damaged or partial; fetch it again."
                )
            size = int(header[2])
            yield answer[end + 1 : end + 1 + size]
            offset = end + size + 2

    def _resolved(self, name: str) -> str | None:
        try:
            found = _git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
        except _GitError:
            return None
        return found.decode().strip()


def file_at(repository: Repository, reference: str, path: Path) -> bytes | None:
    """Return a file of today's working folder as it was at a reference, ``None`` if it was not there."""
    try:
        inside = repository.inside(path)
    except UsageError:
        return None
    return repository.blob(repository.commit(reference), inside)


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, and names behind --end-of-options; no shell
            ("git", *arguments),  # noqa: S607 - the git of the user's own PATH
            cwd=folder,
            input=stdin,
            capture_output=True,
            check=False,
            env={**os.environ, **_ENVIRONMENT},
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise UsageError(f"There is no folder {shown(str(folder))}: name the contracts.") from error
        raise UsageError("git is not there: install it, or compare two files.") from error
    except ValueError as error:  # a null character in a name
        raise _GitError(str(error)) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or ["it does not say why"]
        raise _GitError(lines[0].removeprefix("fatal: ").rstrip("."))
    return done.stdout
