"""The contract tree: from a folder to the model, or to all findings of the run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sguild_codegen.errors import ContractError
from sguild_codegen.model.contract import ContractTree, EventType, PayloadVersion
from sguild_codegen.model.identifiers import SCHEMA_ID_BASE
from sguild_codegen.model.known import KnownEvent
from sguild_codegen.model.schema import References
from sguild_codegen.reader.folder import contract_files
from sguild_codegen.reader.house_rules import check_document, check_envelope, check_payload
from sguild_codegen.reader.json_text import JsonFile, JsonProblems, read_bytes, read_json_file
from sguild_codegen.reader.locating import findings_of
from sguild_codegen.reader.problems import Problems, Suggestion
from sguild_codegen.reader.references import Resolver, check_loops
from sguild_codegen.reader.registry import Entry, Registry, read_registry
from sguild_codegen.reader.schema import Document, read_schema
from sguild_codegen.record.keys import digest, event_key
from sguild_codegen.report import rules
from sguild_codegen.report.finding import Finding
from sguild_codegen.report.safe import shown

REGISTRY: Final = "event-types-registry.json"


def read_contracts(
    folder: Path,
    *,
    warn: Callable[[Finding], None] | None = None,
    known: Mapping[str, KnownEvent] = MappingProxyType({}),
) -> ContractTree:
    """Read everything under the contracts folder; ``warn`` gets findings that do not stop the run.

    Of event types that are ``known`` from an earlier run only the bytes are read, if they are the same.

    Raises:
        ContractError: the contracts are refused; it carries all findings of the run.
    """
    reader = _TreeReader(folder, known)
    tree = reader.read()
    findings = findings_of(reader.problems.items, folder, reader.raw)
    if tree is None or any(each.level == "error" for each in findings):
        raise ContractError(findings)
    for each in findings:
        if warn is not None:
            warn(each)
    return tree


@dataclass(slots=True)
class _TreeReader:
    folder: Path
    known: Mapping[str, KnownEvent]
    problems: Problems = field(default_factory=Problems)
    raw: dict[str, bytes] = field(default_factory=dict[str, bytes])
    documents: dict[str, Document | None] = field(default_factory=dict[str, Document | None])
    references: References = field(default_factory=References)
    files: frozenset[str] = frozenset()
    unchanged: dict[str, KnownEvent] = field(default_factory=dict[str, KnownEvent])

    def read(self) -> ContractTree | None:
        """Return the tree; ``None`` or a partial one where there are problems."""
        if not self.folder.is_dir():
            self.problems.add(rules.MISSING_FOLDER, "", "")
            return None
        files, links = contract_files(self.folder)
        self.files = frozenset(files)
        for path in links:
            self.problems.add(rules.SYMBOLIC_LINK, path, "")
        if REGISTRY not in self.files:
            self.problems.add(rules.MISSING_REGISTRY, REGISTRY, "", name=REGISTRY)
            return None
        file = self._json(REGISTRY)
        if file is None:
            return None
        registry = read_registry(file, self.problems)
        names_are_sound = not self.problems.items
        envelope = self._read_envelope(registry)
        for entry in registry.entries:
            if not self._is_unchanged(entry, registry):
                self._read_payloads(entry)
        self._resolve()
        if names_are_sound:
            self._check_orphans()
        return self._tree(registry, envelope) if envelope is not None else None

    def _json(self, name: str) -> JsonFile | None:
        try:
            file = read_json_file(self.folder, name, self.raw)
        except JsonProblems as error:
            self.problems.items.extend(error.problems)
            return None
        return file

    def _load(self, name: str) -> Document | None:
        """Return a schema file, read once; ``None`` where there is none that could be read."""
        if name not in self.files or name == REGISTRY:
            return None
        if name not in self.documents:
            file = self._json(name)
            self.documents[name] = (
                None if file is None else read_schema(name, file.value, self.references, self.problems)
            )
        return self.documents[name]

    def _read_envelope(self, registry: Registry) -> Document | None:
        if registry.envelope is None:
            return None
        way_out = "name the one that is there"
        document = self._load_named(registry.envelope, "/envelope", "the envelope", way_out)
        if document is not None:
            check_envelope(document, self.problems)
        return document

    def _is_unchanged(self, entry: Entry, registry: Registry) -> bool:
        """Tell whether an earlier run read the same entry and schemas, and had nothing to say about them."""
        name = entry.event_type.name
        known = self.known.get(name)
        if known is None or not self.files.issuperset(known.documents):
            return False
        try:
            key = self._key(entry, registry, known.documents)
        except JsonProblems:
            return False  # the files are read again, and the problems named where they belong
        if key == known.key:
            self.unchanged[name] = known
        return key == known.key

    def _key(self, entry: Entry, registry: Registry, documents: Iterable[str]) -> str:
        digests = {each: digest(read_bytes(self.folder, each, self.raw)) for each in documents}
        return event_key(entry.value, registry.id_prefixes, digests)

    def _read_payloads(self, entry: Entry) -> None:
        found: dict[int, Document] = {}
        for version, pointer in zip(entry.event_type.versions, entry.version_pointers, strict=True):
            if version.status == "withdrawn":
                continue
            what = f"{entry.event_type.name} version {version.version}"
            way_out = "give the version the status withdrawn"
            document = self._load_named(version.path, pointer, what, way_out)
            if document is not None:
                check_payload(document, f"{SCHEMA_ID_BASE}{version.path}", self.problems)
                found[version.version] = document
        self._check_properties(entry, found)

    def _load_named(self, path: str, pointer: str, what: str, way_out: str) -> Document | None:
        if path not in self.files:
            self.problems.add(rules.MISSING_SCHEMA, REGISTRY, pointer, what=what, path=path, way_out=way_out)
        return self._load(path)

    def _check_properties(self, entry: Entry, versions: Mapping[int, Document]) -> None:
        """Say which names are no property: of each version, or of any one for a closed enum."""
        event_type = entry.event_type
        for version, document in versions.items():
            one = {version: document}
            self._check_property(entry, event_type.subject, "subject", one)
            self._check_property(entry, event_type.ordering_key, "ordering_key", one)
        for index, name in enumerate(event_type.closed_enums):
            self._check_property(entry, name, f"closed_enums/{index}", versions)

    def _check_property(
        self, entry: Entry, name: str | None, below: str, versions: Mapping[int, Document]
    ) -> None:
        found = [each.root.properties for each in versions.values()]
        if name is None or not all(found) or any(name in each for each in found):
            return
        self.problems.add(
            rules.UNKNOWN_PROPERTY,
            REGISTRY,
            f"{entry.pointer}/{below}",
            what=below.partition("/")[0],
            value=shown(name),
            event_type=entry.event_type.name,
            version=" or ".join(map(str, versions)),
            suggestion=Suggestion(name, [each for properties in found for each in properties]),
        )

    def _resolve(self) -> None:
        """Resolve the references of every document; files that they lead to are read on the way."""
        own = set(self.documents)
        resolver = Resolver(self.references, self.problems, self._load)
        done: set[str] = set()
        while waiting := [each for each in self.documents if each not in done]:
            for name in waiting:
                done.add(name)
                document = self.documents[name]
                if document is not None:
                    resolver.resolve(document)
                    if name not in own:
                        check_document(document, self.problems)
        check_loops(self.references, self.problems)

    def _check_orphans(self) -> None:
        read = {*self.documents, *(name for each in self.unchanged.values() for name in each.documents)}
        for name in sorted(self.files - read - {REGISTRY}):
            self.problems.add(rules.ORPHAN_SCHEMA, name, "")

    def _tree(self, registry: Registry, envelope: Document) -> ContractTree:
        digests = {each: digest(self.raw[each]) for each in self._behind([envelope.name])}
        return ContractTree(
            registry_version=registry.version,
            envelope=envelope.root,
            envelope_key=event_key(None, registry.id_prefixes, digests),
            domains=registry.domains,
            id_prefixes=registry.id_prefixes,
            event_types=tuple(self._event_type(each, registry) for each in registry.entries),
            documents=MappingProxyType(dict(sorted(self.raw.items()))),
        )

    def _event_type(self, entry: Entry, registry: Registry) -> EventType:
        event_type, known = entry.event_type, self.unchanged.get(entry.event_type.name)
        if known is not None:
            versions = tuple(
                replace(each, description=known.descriptions.get(each.version))
                for each in event_type.versions
            )
            return replace(
                event_type, versions=versions, documents=known.documents, key=known.key, known=known
            )
        read = self._read_event_type(event_type)
        documents = self._behind(each.path for each in read.versions if each.is_live)
        if self._has_problems(entry, documents) or replace(read, versions=event_type.versions) != event_type:
            return read  # the next run has to say the same, or to leave out the same again
        return replace(read, documents=documents, key=self._key(entry, registry, documents))

    def _read_event_type(self, event_type: EventType) -> EventType:
        """Return an event type with its schemas, without the properties that they do not all have."""
        versions = tuple(self._version(each) for each in event_type.versions)
        schemas = [each.schema for each in versions if each.schema is not None]

        def known(name: str | None, of: Callable[[Iterable[bool]], bool] = all) -> bool:
            return of(name in each.properties for each in schemas)

        return replace(
            event_type,
            versions=versions,
            subject=event_type.subject if known(event_type.subject) else None,
            ordering_key=event_type.ordering_key if known(event_type.ordering_key) else None,
            closed_enums=tuple(each for each in event_type.closed_enums if known(each, any)),
        )

    def _behind(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return schema files and those that they refer to, sorted."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            document = self.documents.get(name)
            if name not in found and document is not None:
                found.add(name)
                targets = (self.references.targets.get(each.location) for each in document.references)
                waiting += [each.document for each in targets if each is not None]
        return tuple(sorted(found))

    def _has_problems(self, entry: Entry, documents: Collection[str]) -> bool:
        return any(
            each.document in documents
            or (each.document == REGISTRY and each.pointer.startswith(f"{entry.pointer}/"))
            for each in self.problems.items
        )

    def _version(self, version: PayloadVersion) -> PayloadVersion:
        document = None if version.status == "withdrawn" else self.documents.get(version.path)
        if document is None:
            return version
        return replace(version, schema=document.root, description=document.root.description)
