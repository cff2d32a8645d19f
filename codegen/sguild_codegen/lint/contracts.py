"""What the checks look at: each file of a contract tree with what it is for, and the registry's places."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal, TypeAlias

from sguild_codegen.compat.resolving import is_object
from sguild_codegen.lint.edits import Edit
from sguild_codegen.model.contract import ContractTree, EventType, PayloadVersion
from sguild_codegen.model.pointers import unescape_pointer
from sguild_codegen.model.schema import Schema
from sguild_codegen.reader.problems import Problem
from sguild_codegen.reader.tree import REGISTRY
from sguild_codegen.report.rules import Rule

FileKind: TypeAlias = Literal["payload", "envelope", "shared"]


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach of a rule, the event type that it is about, and the edits of its file that mend it."""

    problem: Problem
    event_type: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class SchemaFile:
    """One schema file: of a payload version, of the envelope, or one that others refer to."""

    root: Schema
    kind: FileKind
    text: bytes
    event: EventType | None = None
    version: PayloadVersion | None = None

    @property
    def name(self) -> str:
        """The path of the file, relative to the contracts folder."""
        return self.root.location.document

    @cached_property
    def nodes(self) -> tuple[Schema, ...]:
        """Every schema of the file."""
        return tuple(self.root.walk())

    @cached_property
    def value(self) -> Any:
        """The JSON value of the file."""
        return json.loads(self.text)

    def raw(self, node: Schema) -> Mapping[str, Any]:
        """Return the keywords of a node as they stand in the file; none of a boolean schema."""
        value = self.value
        for part in node.pointer.split("/")[1:]:
            value = value[unescape_pointer(part)] if is_object(value) else value[int(part)]
        return value if is_object(value) else {}

    def breach(
        self,
        rule: Rule,
        node: Schema,
        below: str = "",
        *,
        at_key: bool = False,
        edits: tuple[Edit, ...] = (),
        **values: object,
    ) -> Breach:
        """Return a breach at a node, or at what stands ``below`` it."""
        problem = Problem(rule, self.name, f"{node.pointer}{below}", at_key, values)
        return Breach(problem, None if self.event is None else self.event.name, edits)


@dataclass(frozen=True)
class Contracts:
    """A contract tree as the checks see it, on a day."""

    tree: ContractTree
    today: date

    @cached_property
    def files(self) -> tuple[SchemaFile, ...]:
        """Every schema file: the envelope, the payloads, and what they refer to."""
        found = {each.name: each for each in self._named_files()}
        waiting = list(found.values())
        while waiting:
            file = waiting.pop()
            for node in file.nodes:
                if node.ref is not None and node.ref.location.document not in found:
                    shared = self._file(node.ref.target_root, "shared", file.event)
                    found[shared.name] = shared
                    waiting.append(shared)
        return tuple(found[name] for name in sorted(found))

    def _named_files(self) -> Iterator[SchemaFile]:
        yield self._file(self.tree.envelope, "envelope")
        for event in self.tree.event_types:
            for version in event.versions:
                if version.schema is not None:
                    yield self._file(version.schema, "payload", event, version)

    def _file(
        self,
        root: Schema,
        kind: FileKind,
        event: EventType | None = None,
        version: PayloadVersion | None = None,
    ) -> SchemaFile:
        return SchemaFile(root, kind, self.tree.documents[root.location.document], event, version)

    @cached_property
    def entries(self) -> Mapping[str, str]:
        """The pointer of each event type's entry in the registry, by its name."""
        return {
            each["event_type"]: f"/event_types/{index}"
            for index, each in enumerate(self._registry["event_types"])
        }

    @cached_property
    def versions(self) -> Mapping[tuple[str, int], str]:
        """The pointer of each version in the registry, by its event type and number."""
        return {
            (each["event_type"], version["version"]): f"/event_types/{index}/versions/{place}"
            for index, each in enumerate(self._registry["event_types"])
            for place, version in enumerate(each["versions"])
        }

    @cached_property
    def domains(self) -> Mapping[str, str]:
        """The pointer of each domain in the registry, by its name."""
        return {each["name"]: f"/domains/{index}" for index, each in enumerate(self._registry["domains"])}

    @cached_property
    def _registry(self) -> Any:
        return json.loads(self.tree.documents[REGISTRY])

    def breach(
        self,
        rule: Rule,
        pointer: str,
        event: EventType | None = None,
        *,
        at_key: bool = False,
        **values: object,
    ) -> Breach:
        """Return a breach at a pointer of the registry."""
        problem = Problem(rule, REGISTRY, pointer, at_key, values)
        return Breach(problem, None if event is None else event.name)
