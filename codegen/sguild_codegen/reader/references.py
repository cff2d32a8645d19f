"""Where references lead: inside the file, or by a relative path to a file under the contracts folder.

There is no network code: a URI leads somewhere only if the same file gives it to a schema as its ``$id``.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urljoin

from sguild_codegen.model.pointers import unescape_pointer
from sguild_codegen.model.schema import JsonValue, Location, References, Schema
from sguild_codegen.reader import limits
from sguild_codegen.reader.problems import Problems, Suggestion
from sguild_codegen.reader.schema import Document, PendingReference
from sguild_codegen.report import rules
from sguild_codegen.report.safe import shown

_PATH: Final = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\.json")
_INDEX: Final = re.compile(r"0|[1-9][0-9]*")


class _Outside(Exception):  # noqa: N818 - control flow between the steps of one look-up
    pass


class _Broken(Exception):  # noqa: N818 - control flow between the steps of one look-up
    pass


@dataclass(frozen=True, slots=True)
class _Pointers:
    """The references that lead to a node of a file, as they are when they are asked for."""

    table: References
    document: str

    def __iter__(self) -> Iterator[str]:
        return (f"#{each.pointer}" for each in self.table.nodes if each.document == self.document)


@dataclass(slots=True)
class Resolver:
    """Resolves the references of all documents; ``load`` returns a document by its name, or ``None``."""

    table: References
    problems: Problems
    load: Callable[[str], Document | None]

    def resolve(self, document: Document) -> None:
        """Look up every reference of a document, and note the broken ones."""
        for pending in document.references:
            try:
                self._resolve(document, pending)
            except _Outside:
                self._add(rules.REFERENCE_OUTSIDE, pending)
            except _Broken as error:
                self._add(
                    rules.BROKEN_REFERENCE,
                    pending,
                    reason=str(error),
                    suggestion=self._near(document, pending.text),
                )

    def _resolve(self, document: Document, pending: PendingReference) -> None:
        path, _, fragment = pending.text.partition("#")
        target, uri = self._resource(document, pending.base, path)
        location = _place(target, uri, unquote(fragment))
        if location in self.table.nodes:
            self.table.targets[pending.location] = location
        elif _exists(target.value, location.pointer):
            self._add(rules.REFERENCE_TO_NO_SCHEMA, pending)
        else:
            raise _Broken(f"there is nothing at {shown(location.pointer)}")

    def _resource(self, document: Document, base: str, path: str) -> tuple[Document, str]:
        """Return the document of a reference's path, and the URI of the resource in it."""
        if not path:
            return document, base
        try:
            uri = urljoin(base, path)
        except ValueError as error:
            raise _Outside from error
        if uri in document.resources:
            return document, uri
        loaded = self.load(_file_name(document.name, path))
        if loaded is None:
            raise _Broken("there is no such file")
        return loaded, next(iter(loaded.resources))

    def _near(self, document: Document, text: str) -> Suggestion:
        return Suggestion(text, _Pointers(self.table, document.name))

    def _add(
        self, rule: rules.Rule, pending: PendingReference, reason: str = "", suggestion: object = ""
    ) -> None:
        self.problems.add(
            rule,
            pending.location.document,
            f"{pending.location.pointer}/$ref",
            value=shown(pending.text),
            reason=reason,
            suggestion=suggestion,
        )


def check_loops(table: References, problems: Problems) -> None:
    """Note references that take too many steps, and schemas that contain themselves in place."""
    for source in table.targets.keys() - set(table.targets.values()):
        if _steps(table, source) > limits.REFERENCE_STEPS:
            text = table.nodes[source].ref
            problems.add(
                rules.REFERENCE_CHAIN,
                source.document,
                f"{source.pointer}/$ref",
                value=shown(text.text if text else ""),
                limit=str(limits.REFERENCE_STEPS),
            )
    for location in _loops(table):
        problems.add(rules.REFERENCE_LOOP, location.document, location.pointer, at_key=True)


def in_place(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas that are applied to the same value as this one; references are not followed."""
    for listed in (schema.all_of, schema.any_of, schema.one_of, tuple(schema.dependent_schemas.values())):
        yield from listed
    single = (schema.not_, schema.if_, schema.then, schema.else_)
    yield from (each for each in single if each is not None)


def _file_name(document: str, path: str) -> str:
    """Return the name of the file that a relative path leads to, as seen from a document."""
    first = path.partition("/")[0]
    if ":" in first or path.startswith(("/", "\\")):
        raise _Outside
    name = posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
    if name.startswith("../") or name == "..":
        raise _Outside
    if not _PATH.fullmatch(name):
        raise _Broken("the path is none of a .json file")
    return name


def _place(document: Document, uri: str, fragment: str) -> Location:
    root = document.resources[uri]
    if not fragment:
        return root
    if fragment.startswith("/"):
        return Location(document.name, f"{root.pointer}{fragment}")
    found = document.anchors.get((uri, fragment))
    if found is None:
        raise _Broken(f"there is no $anchor {shown(fragment)}")
    return found


def _exists(value: JsonValue, pointer: str) -> bool:
    for part in pointer.split("/")[1:]:
        if isinstance(value, dict) and unescape_pointer(part) in value:
            value = value[unescape_pointer(part)]
        elif isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return False
    return True


def _steps(table: References, source: Location) -> int:
    steps = 0
    while source in table.targets and steps <= limits.REFERENCE_STEPS:
        source = table.targets[source]
        steps += 1
    return steps


def _loops(table: References) -> Iterable[Location]:
    """Return the places whose next step leads back to a schema that is still being applied."""
    done: set[Location] = set()
    found: dict[Location, None] = {}
    for start in sorted(table.nodes):
        if start not in done:
            found.update(dict.fromkeys(_loops_from(start, table, done)))
    return found


def _loops_from(start: Location, table: References, done: set[Location]) -> Iterator[Location]:
    """Walk in depth, without recursion: a chain of references may be long."""
    path: dict[Location, Iterator[Location]] = {start: _next_steps(start, table)}
    while path:
        current = next(reversed(path))
        following = next(path[current], None)
        if following is None:
            done.add(current)
            del path[current]
        elif following in path:
            yield current
        elif following not in done:
            path[following] = _next_steps(following, table)


def _next_steps(location: Location, table: References) -> Iterator[Location]:
    if location in table.targets:
        yield table.targets[location]
    yield from (each.location for each in in_place(table.nodes[location]))
