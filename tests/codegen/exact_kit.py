"""Whether a generated model and a validator of JSON Schema say the same about a document."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from golden_kit import GoldenCase
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel, ValidationError

from sguild_dispatcher.testing.documents.leaves import same_json
from sguild_dispatcher.testing.strategies import near_documents


@dataclass(frozen=True)
class Contract:
    """One version of a payload: its schema, the files that it refers to by ``$id``, and its model."""

    name: str
    schema: dict[str, Any]
    others: Mapping[str, Any]
    model: type[BaseModel]

    def check(self, documents: int, *, shrink: bool = True) -> None:
        """Draw documents, and fail at the first that model and validator disagree on."""
        registry = jsonschema_rs.Registry(list(self.others.items())) if self.others else None
        judge = jsonschema_rs.Draft202012Validator(self.schema, validate_formats=True, registry=registry)
        phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

        @settings(
            max_examples=documents,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        )
        @given(near_documents(self.schema, self.others))
        def agrees(document: Any) -> None:
            complaint = disagreement(self.model, document, accepted=judge.is_valid(document))
            assert complaint is None, f"{self.name}: {complaint}: {json.dumps(document)}"

        agrees()


def disagreement(model: type[BaseModel], document: Any, *, accepted: bool) -> str | None:
    """Return what the model does other than a validator that has ``accepted`` the document or not."""
    read = _attempt(lambda: model.model_validate_json(json.dumps(document)))
    if (read is not None) != accepted:
        return "wrongly refused" if accepted else "wrongly accepted"
    if not isinstance(document, dict):
        return None
    built = _attempt(lambda: model(**document))
    if (built is not None) != accepted:
        return "wrongly refused by the constructor" if accepted else "wrongly accepted by the constructor"
    for each in (read, built):
        if each is not None and not same_json(json.loads(each.model_dump_json()), document):
            return f"written as {each.model_dump_json()}"
    if read is not None and model(**read.model_dump(by_alias=True)) != read:
        return "not equal to what it is built from"
    return None


def _attempt(build: Any) -> BaseModel | None:
    try:
        found: BaseModel = build()
    except ValidationError:
        return None
    return found


def schema_ids(case: GoldenCase) -> dict[str, Any]:
    """Return the schema files of a case by their ``$id``."""
    files = [json.loads(path.read_text("utf-8")) for path in sorted(case.folder.rglob("contracts/**/*.json"))]
    return {each["$id"]: each for each in files if "$id" in each}


def contracts_of(package: str, others: Mapping[str, Any]) -> dict[str, Contract]:
    """Return the contracts of an installed package by ``event.type-v1``."""
    registry = importlib.import_module(f"{package}.registry").registry
    schemas = importlib.import_module(f"{package}.schemas")
    found = {}
    for event in registry.event_types:
        for version in event.versions:
            if version.model is not None:
                name = f"{event.name}-v{version.version}"
                schema = schemas.payload_schema(event.name, version.version)
                model = registry.payload_model(event.name, version.version)
                found[name] = Contract(name, schema, others, model)
    return found
