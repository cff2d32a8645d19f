"""Schemas that have no exact Python type yet: refused by name and place, never dropped."""

from dataclasses import dataclass

from sguild_codegen.model.schema import Location, Schema


@dataclass(frozen=True, slots=True)
class Refusal:
    """One schema that cannot be generated: where it is, which keyword, and why."""

    location: Location
    keyword: str
    reason: str


class RefusedSchema(Exception):  # noqa: N818 - control flow inside the emitter; a user sees a finding
    """Carries one refusal from the depth of a schema to the place that collects them."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.location}: {refusal.keyword}: {refusal.reason}")
        self.refusal = refusal


def refused(schema: Schema, keyword: str, reason: str) -> RefusedSchema:
    """Return the exception for ``keyword`` of ``schema``."""
    return RefusedSchema(Refusal(schema.location, keyword, reason))
