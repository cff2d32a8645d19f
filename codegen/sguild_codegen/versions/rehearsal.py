"""A rehearsal of a cutover: what each reader of an event type sees once another version is emitted.

The registry says who reads an event type, and not what the readers have deployed. So each of them may be a
package from before the new version, a handler of the old version or one of the new version. What they see is
proven by the comparison, as it stands in the package; payloads (samples, or events of a log) show it. Whether
a payload is accepted is what the tolerant schema says: :mod:`sguild_codegen.compat.tolerance`. What of it is
not recognised is what the runtime reads off that schema.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sguild_codegen.compat.comparison import Direction, compare
from sguild_codegen.compat.resolving import objects
from sguild_codegen.compat.validators import Complaint, Judge
from sguild_codegen.emit.documents import document
from sguild_codegen.errors import GeneratorError
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.versions.reading import reading
from sguild_dispatcher.ignoring import TolerantRule

Outcome: TypeAlias = Literal["read directly", "adapted", "hook needed", "not proven", "refused"]
"""What a reader sees.

``read directly``: its package reads the event without any adapter. ``adapted``: another version becomes the
handler's by an adapter that is proven. ``hook needed``: the service has to register a function, and does not
start without it. ``not proven``: nothing was refused, but it may be. ``refused``: a dead letter.
"""
Situation: TypeAlias = Literal["earlier package", "handler"]

WITNESS: Final = "witness"
"""The name of the document by which the comparison proves a refusal."""

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """A payload that readers are given: a sample, or what an event of a log holds.

    ``name`` tells people which one it is. ``fault`` says why there is no payload at all.
    """

    name: str
    payload: Any = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """A place where payloads are refused, by which rule, how often, and by name some that are.

    ``version`` is the one whose tolerant reader refuses; ``schema_pointer`` leads into its schema.
    """

    pointer: str
    rule: str
    schema_pointer: str
    version: int
    count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """One reader that meets one version; ``version`` is what its package reads the event as.

    ``through`` is the newest version that the package knows, where its handler takes an older one.
    """

    situation: Situation
    version: int
    emitted: int
    through: int | None = None

    @property
    def read_as(self) -> tuple[int, ...]:
        """The versions whose tolerant readers take the event one after the other, before any adapter."""
        first = self.emitted if self.situation == "handler" else self.through
        return (self.version,) if first is None else tuple(dict.fromkeys((first, self.version)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen in one scene.

    Attributes:
        gaps: why no adapter is proven, as a person is told; empty where one is.
        checked: how many payloads were given.
        surprises: what ``event.unrecognised`` names, by JSON pointer into the payload, with how often.
        refusals: of the emitted version's reader, and of that of ``scene.version``.
        sample: the payload that shows it best, ``None`` where there is none to show.
    """

    scene: Scene
    outcome: Outcome
    gaps: str
    checked: int
    surprises: Mapping[str, int]
    refusals: tuple[Refusal, ...]
    sample: Evidence | None

    @property
    def refuses(self) -> bool:
        """Tell whether an event is refused, or may be."""
        return self.outcome in {"refused", "not proven"}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What every subscriber sees: the same, since the registry does not know what one has deployed."""

    event: EventType
    old: PayloadVersion
    new: PayloadVersion
    sights: tuple[Sight, ...]

    @property
    def fails(self) -> bool:
        """Tell whether a subscriber would refuse, or may."""
        return bool(self.event.subscribers) and any(each.refuses for each in self.sights)


def rehearse(
    event: EventType,
    old: PayloadVersion,
    new: PayloadVersion,
    evidence: Mapping[int, Sequence[Evidence]],
    *,
    private: bool = False,
) -> Rehearsal:
    """Return what the readers of an event type see when ``new`` is emitted instead of ``old``.

    Args:
        event: its schemas must have been read.
        old: a live version.
        new: another one.
        evidence: payloads by the version that they were emitted in.
        private: leave out payloads, and the steps of pointers that no schema names.

    Raises:
        GeneratorError: a payload contradicts a proof.
    """
    stage = _Stage(event, private=private)
    scenes = stage.scenes(old.version, new.version)
    sights = [stage.sight(each, evidence[each.emitted]) for each in scenes]
    return Rehearsal(event, old, new, tuple(sights))


class _Stage:
    """The readers of one event type."""

    def __init__(self, event: EventType, *, private: bool) -> None:
        self.event, self.private = event, private
        documents = {
            each.version: document(each.schema) for each in event.versions if each.schema is not None
        }
        found = reading(event)
        self.exact = {version: Judge(each) for version, each in documents.items()}
        self.tolerant = {version: Judge(each) for version, each in found.tolerant.items()}
        self.gaps = {(each.source, each.target): each.gaps for each in found.adapters}
        self.readers = {version: TolerantRule(json.dumps(each)) for version, each in found.tolerant.items()}
        self.named = frozenset[str]().union(*map(_property_names, documents.values()))

    def scenes(self, old: int, new: int) -> Iterator[Scene]:
        earlier = [each for each in self.exact if each < new]
        if earlier and old < new:  # the way back has no package that does not know the older version
            yield Scene("earlier package", earlier[-1], new)
            # Where that takes a function, the service has one of its own, and nobody here knows what it does.
            if old != earlier[-1] and not self.gaps[earlier[-1], old]:
                yield Scene("earlier package", old, new, through=earlier[-1])
        yield Scene("handler", old, new)
        yield Scene("handler", new, new)
        yield Scene("handler", new, old)

    def sight(self, scene: Scene, evidence: Sequence[Evidence]) -> Sight:
        refused = {each.name: self._refusals(scene, each) for each in evidence}
        proof = self._proof(scene)
        self._check_proof(scene, evidence, refused)
        surprises = {each.name: self._surprises(scene, each) for each in evidence if not refused[each.name]}
        found = _counted(refused)
        outcome = self._outcome(scene, proof, found)
        shown = [] if self.private else _best(evidence, refused, surprises)
        if proof is not None and proof.verdict == "breaking" and not found:
            witness = Evidence(WITNESS, proof.witness)
            found = _counted({WITNESS: self._refusals(scene, witness)}, counts=False)
            shown = [witness]  # no secret of anybody: the comparison has made it up
        return Sight(
            scene=scene,
            outcome=outcome,
            gaps=self._gaps(scene),
            checked=len(evidence),
            surprises=dict(sorted(Counter(name for each in surprises.values() for name in each).items())),
            refusals=found,
            sample=next(iter(shown), None),
        )

    def _gaps(self, scene: Scene) -> str:
        return self.gaps.get((scene.emitted, self._doubted(scene)), "")

    def _doubted(self, scene: Scene) -> int:
        """Return the first version that is not proven to take the event, else the one that it is read as."""
        gaps = (each for each in scene.read_as if self.gaps.get((scene.emitted, each)))
        return next(gaps, scene.version)

    def _proof(self, scene: Scene) -> Direction | None:
        """Return the verdict behind the gaps, ``None`` where there are none."""
        if not self._gaps(scene):
            return None
        source, target = self.exact[scene.emitted].schema, self.exact[self._doubted(scene)].schema
        return compare(source, target, "tolerant", closed_enums=self.event.closed_enums).backward

    def _outcome(self, scene: Scene, proof: Direction | None, refusals: Sequence[Refusal]) -> Outcome:
        is_handler = scene.situation == "handler"
        if proof is None:
            if refusals:
                return "refused"
            return "adapted" if is_handler and scene.version != scene.emitted else "read directly"
        if is_handler:
            # What the hook supplies is no refusal; what no reader of the emitted version takes, is.
            broken = any(each.version == scene.emitted for each in refusals)
            return "refused" if broken else "hook needed"
        return "refused" if refusals or proof.verdict == "breaking" else "not proven"

    def _refusals(self, scene: Scene, evidence: Evidence) -> tuple[Refusal, ...]:
        """Return why a payload is refused: by the reader of the emitted version first, if there is one."""
        if evidence.fault is not None:
            return (Refusal("", evidence.fault, "", scene.emitted),)
        for version in scene.read_as:
            judge = self.tolerant[version]
            if not judge.accepts(evidence.payload):
                complaints = judge.complaints(evidence.payload)
                return tuple(dict.fromkeys(one for each in complaints for one in self._told(each, version)))
        return ()

    def _told(self, complaint: Complaint, version: int) -> Iterator[Refusal]:
        place, rule = complaint.document_pointer, complaint.schema_pointer.rpartition("/")[2]
        names = complaint.names if rule == "required" else ()
        for pointer in [f"{place}/{escape_pointer(name)}" for name in names] or [place]:
            yield Refusal(self._masked(pointer), rule, complaint.schema_pointer, version)

    def _surprises(self, scene: Scene, evidence: Evidence) -> frozenset[str]:
        """Return what the runtime would tell of, of a payload that it takes."""
        found = self.readers[scene.version].ignored(evidence.payload)
        named = (each.rpartition("/") for each in found.properties)
        return frozenset(map(self._masked, found.values)) | {
            f"{self._masked(above)}/{name}" for above, _, name in named
        }

    def _check_proof(
        self, scene: Scene, evidence: Sequence[Evidence], refused: Mapping[str, Sequence[Refusal]]
    ) -> None:
        """Make sure that nothing is refused that is proven to be read."""
        for each in evidence:
            if self._gaps(scene) or not refused[each.name] or each.fault is not None:
                continue
            if self.exact[scene.emitted].accepts(each.payload):
                raise GeneratorError(
                    f"It is proven that readers of {self.event.name} version {scene.version} take every "
                    f"payload of version {scene.emitted}, and they refuse {each.name}."
                )

    def _masked(self, pointer: str) -> str:
        """Return a pointer; of a private one, keys of maps and indexes become a star: they may be data."""
        if not self.private:
            return pointer
        return "/".join(each if not each or each in self.named else "*" for each in pointer.split("/"))


def _property_names(schema: Any) -> frozenset[str]:
    """Return the names of properties in a schema, as steps of a pointer."""
    found = (each["properties"] for each in objects(schema) if isinstance(each.get("properties"), dict))
    return frozenset(escape_pointer(name) for each in found for name in each)


def _counted(refused: Mapping[str, Sequence[Refusal]], *, counts: bool = True) -> tuple[Refusal, ...]:
    """Return refusals by place, the most frequent first, with examples."""
    names: dict[Refusal, list[str]] = defaultdict(list)
    for name, each in refused.items():
        for one in each:
            names[one].append(name)
    found = [
        Refusal(
            one.pointer, one.rule, one.schema_pointer, one.version, len(each) if counts else 0,
            tuple(each[:_EXAMPLES]),
        )
        for one, each in names.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (-each.count, each)))


def _best(
    evidence: Sequence[Evidence],
    refused: Mapping[str, Sequence[Refusal]],
    surprises: Mapping[str, frozenset[str]],
) -> list[Evidence]:
    """Return the payloads, those that show most first: what is refused, then what is not recognised."""
    shown = (each for each in evidence if each.fault is None)
    return sorted(shown, key=lambda each: (not refused[each.name], -len(surprises.get(each.name, ()))))
