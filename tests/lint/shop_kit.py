"""A tree in which lint finds nothing, and examples put into it."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from command_kit import Result, run

TODAY: Final = "2030-01-01"
REGISTRY: Final = "event-types-registry.json"
ENVELOPE: Final = "event-envelope/schema/envelope-v1.json"
PAYLOAD: Final = "shop/schema/payloads/order.placed-v1.json"
ADDRESS: Final = "shop/schema/address.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def identifier(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{prefix}_{_UUID7}$"}


def payload(name: str, version: int = 1) -> dict[str, Any]:
    path = f"shop/schema/payloads/{name}-v{version}.json"
    return {
        "$schema": _DIALECT,
        "$id": f"https://contracts.sguild/{path}",
        "title": f"{name} payload v{version}",
        "description": f"Sales says that an {name.replace('.', ' is ')}.",
        "type": "object",
        "additionalProperties": False,
        "required": ["order_id", "coupon_code", "placed_at"],
        "properties": {
            "order_id": identifier("ord"),
            "customer_id": identifier("cus"),
            "coupon_code": {"type": "string", "maxLength": 20, "description": "Empty for none."},
            "placed_at": {"type": "string", "format": "date-time"},
            "address": {"$ref": "../address.json"},
        },
    }


def entry(name: str) -> dict[str, Any]:
    return {
        "event_type": name,
        "contract": "shop",
        "producer": "sales",
        "subscribers": ["support"],
        "subject": "order_id",
        "ordering_key": "order_id",
        "versions": [{"version": 1, "status": "current"}],
    }


def envelope() -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", "maxLength": 64, "description": "As the registry says."}
    properties = {
        "event_id": identifier("evt"),
        "event_type": text,
        "occurred_at": {"type": "string", "format": "date-time"},
        "tenant_id": text,
        "producer": {"enum": ["sales", "legacy"], "description": "Domain that publishes the event."},
        "schema_version": {"type": "integer", "minimum": 1, "description": "Version of the payload."},
        "payload": {"type": "object", "description": "What the event says."},
    }
    subject = {"type": "string", "pattern": f"^[a-z]{{3,4}}_{_UUID7}$", "description": "Whom it is about."}
    return {
        "$schema": _DIALECT,
        "$id": "https://contracts.sguild/event-envelope/envelope-v1.json",
        "description": "The frame of every event.",
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": {**properties, "subject": subject},
    }


def registry() -> dict[str, Any]:
    return {
        "registry_version": "1.0.0",
        "envelope": ENVELOPE,
        "domains": [
            {"name": "sales", "status": "active"},
            {"name": "support", "status": "active"},
            {"name": "legacy", "status": "deprecated"},
        ],
        "id_prefixes": {"ord": "order", "cus": "customer", "evt": "event"},
        "event_types": [entry(name) for name in ("order.placed", "order.paid", "order.sent")],
    }


def address() -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "$id": f"https://contracts.sguild/{ADDRESS}",
        "description": "Where a parcel goes.",
        "type": "object",
        "additionalProperties": False,
        "properties": {"city_name": {"type": "string", "maxLength": 200}},
    }


def shop(folder: Path, place: str = "payload", members: Mapping[str, Any] | None = None) -> Path:
    """Write the tree below ``folder``, with members put into one place, and return the contracts folder."""
    files = _files(place, dict(members or {}))
    contracts = folder / "contracts"
    for name, value in files.items():
        (contracts / name).parent.mkdir(parents=True, exist_ok=True)
        (contracts / name).write_text(json.dumps(value, indent=2) + "\n", "utf-8")
    return contracts


def _files(place: str, given: dict[str, Any]) -> dict[str, Any]:
    written = registry()
    if place == "entry":
        placed = written["event_types"][0]
        for key in ("subject", "ordering_key") if "event_type" in given else ():
            del placed[key]
        placed |= given
    files = {REGISTRY: written, ENVELOPE: envelope(), ADDRESS: address(), **_payloads(written)}
    if place == "payload":
        given["properties"] = {**files[PAYLOAD]["properties"], **given.get("properties", {})}
    targets = {
        "registry": written,
        "envelope": files[ENVELOPE]["properties"],
        "shared": files[ADDRESS],
        "payload": files.get(PAYLOAD, {}),
        "properties": files.get(PAYLOAD, {}).get("properties", {}),
        "entry": {},
    }
    targets[place] |= given
    return files


def _payloads(written: dict[str, Any]) -> dict[str, Any]:
    return {
        f"shop/schema/payloads/{each['event_type']}-v{version['version']}.json": payload(
            each["event_type"], version["version"]
        )
        for each in written["event_types"]
        for version in each["versions"]
        if version["status"] != "withdrawn"
    }


def example(folder: Path, place: str, text: str) -> Path:
    """Write the tree with an example of a page; that of the settings goes to pyproject.toml."""
    if place == "settings":
        settings = f"[tool.sguild-codegen.lint]\n{text}\n"
        tomllib.loads(settings)
        (folder / "pyproject.toml").write_text(settings, "utf-8")
        return shop(folder)
    return shop(folder, place, json.loads(f"{{{text}}}"))


def lint(contracts: Path, *options: str) -> Result:
    return run("lint", "--contracts", contracts, "--today", TODAY, *options)


def found(contracts: Path) -> list[str]:
    """Return the names of the rules that lint finds, in order."""
    listed = json.loads(lint(contracts, "--format", "json").out)["findings"]
    return [each["rule"] for each in listed]
