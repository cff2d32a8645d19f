"""What cannot be generated although it is read: refused by rule and place, never dropped."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sguild_codegen.model.schema import Location, Schema
from sguild_codegen.report import rules
from sguild_codegen.report.rules import Rule


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that cannot be generated: the key below ``location``, the rule, and its message's values."""

    location: Location
    key: str
    rule: Rule
    values: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.location}/{self.key}: {self.rule.message.format_map(self.values)}"


class RefusedSchema(Exception):  # noqa: N818 - control flow inside the emitter; a user sees findings
    """Carries refusals from the depth of a schema to the place that collects them."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(map(str, refusals)))
        self.refusals = tuple(refusals)


class Collector(AbstractContextManager[None]):
    """Collects the refusals of the blocks that it guards, so that a run names every one."""

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, RefusedSchema):
            return False
        self._refusals += error.refusals
        return True

    def close(self) -> None:
        """Raise what was collected, if anything was.

        Raises:
            RefusedSchema: at least one block was left by a refusal.
        """
        if self._refusals:
            raise RefusedSchema(self._refusals)


def refused(schema: Schema, keyword: str, reason: str) -> RefusedSchema:
    """Return the exception for ``keyword`` of ``schema``."""
    values = {"key": keyword, "reason": reason}
    return RefusedSchema([Refusal(schema.location, keyword, rules.UNSUPPORTED_KEYWORD, values)])
