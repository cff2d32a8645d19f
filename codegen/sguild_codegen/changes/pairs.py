"""Two states of one schema, or two versions of one event type: what is compared, and whom it is about."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from sguild_codegen.changes.bundling import Bundle, bundle
from sguild_codegen.changes.trails import is_there
from sguild_codegen.changes.trees import Tree, single_file
from sguild_codegen.compat.resolving import Json
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.reader.problems import Problem
from sguild_codegen.report.finding import Finding, Place
from sguild_codegen.report.rules import Rule


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two schemas; ``label`` is what messages call it, as "version 1 at origin/main"."""

    label: str
    tree: Tree
    bundle: Bundle

    @property
    def schema(self) -> Json:
        """The schema with everything that it refers to."""
        return self.bundle.schema

    @property
    def digest(self) -> str:
        """SHA-256 of the file; of all that is in the bundle, where it refers to other files."""
        if not self.bundle.files:
            return hashlib.sha256(self.tree.content(self.bundle.name)).hexdigest()
        return hashlib.sha256(json.dumps(self.schema, sort_keys=True).encode()).hexdigest()

    def finding(self, rule: Rule, pointer: str, values: dict[str, str]) -> Finding:
        """Return a finding at a JSON pointer of the schema."""
        name, inner = self.bundle.place(pointer)
        problem = Problem(rule, name, inner, at_key=True, values=values)
        return self.tree.locator(name).finding(problem)

    def place(self, rule: Rule, pointer: str, values: dict[str, str]) -> Place:
        """Return a JSON pointer of the schema as a place that another finding is about as well."""
        found = self.finding(rule, pointer, values)
        return Place(
            path=found.path,
            message=self.label,
            line=found.line,
            column=found.column,
            pointer=found.pointer,
            source=found.source,
        )

    def has(self, pointer: str) -> bool:
        """Tell whether a JSON pointer leads to something in the schema."""
        return is_there(self.schema, pointer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is compared.

    ``event_type`` is ``None`` for the envelope and for schemas that are no contracts. ``readers`` are the
    domains that read it. ``is_edit`` tells that both are the same version: as it was, and as it is.
    ``is_exact`` tells that there are no tolerant readers, as of the envelope.
    """

    old: Side
    new: Side
    name: str
    is_edit: bool
    event_type: str | None = None
    producer: str | None = None
    readers: tuple[str, ...] = ()
    closed_enums: tuple[str, ...] = ()
    is_exact: bool = False

    @property
    def digests(self) -> tuple[str, str]:
        """SHA-256 of both schemas, which a waiver names."""
        return self.old.digest, self.new.digest


def event_pair(
    event: EventType,
    old: tuple[Tree, PayloadVersion],
    new: tuple[Tree, PayloadVersion],
    *,
    was: EventType,
) -> Pair:
    """Return the pair of two versions, or of one version in two states."""
    (old_tree, before), (new_tree, after) = old, new
    is_edit = before.version == after.version
    old_label, new_label = f"version {before.version}", f"version {after.version}"
    if was.name != event.name:
        old_label = f"{was.name} {old_label}"
    if is_edit:
        old_label, new_label = f"{old_label} {old_tree.label}", f"{new_label} as it is now"
    return Pair(
        old=Side(old_label, old_tree, bundle(old_tree, before.path)),
        new=Side(new_label, new_tree, bundle(new_tree, after.path)),
        name=f"{event.name} version {after.version}"
        if is_edit
        else f"{event.name} {before.version} → {after.version}",
        is_edit=is_edit,
        event_type=event.name,
        producer=event.producer,
        readers=tuple(sorted({*was.subscribers, *event.subscribers})),
        closed_enums=tuple(sorted({*was.closed_enums, *event.closed_enums})),
    )


def file_side(path: Path) -> Side:
    """Return a file that need not be a contract; its references lead inside itself.

    Raises:
        ContractError: it cannot be read, or is not strict JSON.
    """
    tree = single_file(path)
    return Side(path.as_posix(), tree, Bundle(path.name, tree.value(path.name), {}))
