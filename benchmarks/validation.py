"""Validating from bytes, against plain pydantic models with the same id classes, which are not exact."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from measuring import Ratio, medians
from plain import plain_model
from pydantic import BaseModel

from sguild_dispatcher.registry import Registry
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource

CONTRACTS: Final = Path(__file__).parents[1] / "contracts"
PACKAGE: Final = "sguild_contracts"
# As pydantic writes date-times, and as JavaScript does.
MICROSECONDS: Final = "2026-06-01T10:00:00.123456Z"
MILLISECONDS: Final = "2026-06-01T10:00:00.123Z"
# Rules for payment.received that neither a type nor an emitted check can say.
CONDITION: Final = {
    "if": {"properties": {"amount_minor": {"minimum": 100_000}}, "required": ["amount_minor"]},
    "then": {"required": ["processor_reference"]},
}
COUNT: Final = {"minProperties": 9}
_DATE_TIME: Final = re.compile(r'"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][^"]+"')
_DOCUMENTS: Final = 20
# Many short rounds: whatever else the machine does hits few of them.
_ROUNDS: Final = 500
_ID: Final = "evt_01977f0e-2c8f-7cc0-8b0f-6d1a5b2c3d4e"


@dataclass(frozen=True, slots=True)
class Events:
    """One version of one event type in an installed package."""

    event_type: str
    version: int = 1
    package: str = PACKAGE

    def model(self) -> type[BaseModel]:
        """Return the envelope with this payload."""
        registry: Registry = importlib.import_module(f"{self.package}.registry").registry
        return registry.event_model(self.event_type, self.version)

    def bodies(self, time: str) -> list[bytes]:
        """Return some events as they are sent, all of their date-times being ``time``."""
        schema = importlib.import_module(f"{self.package}.schemas").payload_schema(
            self.event_type, self.version
        )
        maker = DocumentMaker(schema)
        payloads = [maker.valid(SeededSource(f"{self.event_type} {each}")) for each in range(_DOCUMENTS)]
        texts = [_DATE_TIME.sub(f'"{time}"', json.dumps(self._event(each, time))) for each in payloads]
        return [each.encode() for each in texts]

    def _event(self, payload: Any, time: str) -> dict[str, Any]:
        return {
            "event_id": _ID,
            "event_type": self.event_type,
            "occurred_at": time,
            "tenant_id": "sguild-berlin",
            "producer": "revenue",
            "schema_version": self.version,
            "payload": payload,
            "actor": "system:revenue",
            "correlation_id": _ID,
        }


def ratios() -> list[Ratio]:
    """Measure one event, all events, and events with rules about several members."""
    return [
        _ratio("credit.locked with its envelope", Events("credit.locked")),
        _ratio("the same, times in milliseconds", Events("credit.locked"), MILLISECONDS),
        *_all_events(),
        _ratio("payment.failed (if, then, else)", Events("payment.failed")),
        _embedded("a condition on a number", CONDITION),
        _embedded("minProperties", COUNT),
    ]


def _all_events() -> Iterator[Ratio]:
    """Measure each contract, and yield the one in the middle and the slowest."""
    registry: Registry = importlib.import_module(f"{PACKAGE}.registry").registry
    found = [
        _ratio(f"{event.name} {version.version}", Events(event.name, version.version))
        for event in registry.event_types
        for version in event.versions
        if version.model is not None
    ]
    found.sort(key=lambda each: each.value)
    for place, each in (("the median", found[len(found) // 2]), ("the slowest", found[-1])):
        yield replace(each, name=f"{each.name}, {place} of {len(found)} contracts")


def _embedded(rule: str, keywords: Mapping[str, Any]) -> Ratio:
    """Measure payment.received with keywords that the embedded schema checks."""
    package = f"contracts_with_{'_'.join(keywords).lower()}"
    with tempfile.TemporaryDirectory() as folder:
        contracts = Path(shutil.copytree(CONTRACTS, Path(folder, "contracts")))
        (path,) = contracts.rglob("payment.received-v1.json")
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **keywords}), "utf-8")
        tool = Path(sys.executable).with_name("sguild-codegen")
        options = ["--contracts", str(contracts), "--output", folder, "--package", package]
        subprocess.run([tool, "generate", *options], check=True, capture_output=True)  # noqa: S603 - our own
        sys.path.insert(0, folder)
        try:
            return _ratio(f"payment.received with {rule}", Events("payment.received", package=package))
        finally:
            sys.path.remove(folder)


def _ratio(name: str, events: Events, time: str = MICROSECONDS) -> Ratio:
    model, bodies = events.model(), events.bodies(time)
    actions = {"exact": _many(model, bodies), "plain": _many(plain_model(model), bodies)}
    found = medians(actions, _ROUNDS)
    return Ratio(f"validate {name}", "plain pydantic", found["exact"], found["plain"])


def _many(model: type[BaseModel], bodies: Sequence[bytes]) -> Callable[[], object]:
    validate = model.model_validate_json
    return lambda: [validate(body) for body in bodies]
