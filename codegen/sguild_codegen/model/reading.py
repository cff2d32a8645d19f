"""How the events of one type are read: by which schema, and which version as which other one."""

from collections.abc import Mapping
from dataclasses import dataclass

from sguild_codegen.model.schema import JsonValue


@dataclass(frozen=True, slots=True, order=True)
class Adapter:
    """Reading the payloads of one version as another one.

    Attributes:
        source: the version that was emitted.
        target: the version that is read.
        gaps: what keeps a payload of the one from being one of the other, as a person is told; empty where
            it is proven that a tolerant reader of the target accepts every payload of the source.
    """

    source: int
    target: int
    gaps: str = ""

    @property
    def is_direct(self) -> bool:
        """Tell whether no function of a person is needed."""
        return not self.gaps


@dataclass(frozen=True, slots=True)
class EventReading:
    """The schema of each live version's tolerant reader, and an adapter for each pair of live versions."""

    tolerant: Mapping[int, dict[str, JsonValue]]
    adapters: tuple[Adapter, ...]
