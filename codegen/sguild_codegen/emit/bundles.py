"""Schemas that leave the contracts folder: each stands on its own, with the files that it refers to inside.

Bundling is JSON Schema's own way (2020-12 core, section 9.3): a file becomes a member of ``$defs`` with
its ``$id``, which is what references resolve against, so that no reference has to be rewritten.
"""

import json
from collections.abc import Mapping
from typing import Any

from sguild_codegen.model.identifiers import SCHEMA_ID_BASE
from sguild_codegen.model.schema import Schema


def bundled(schema: Schema, documents: Mapping[str, bytes]) -> bytes:
    """Return the file of a root schema: byte by byte as it is, unless it refers to other files."""
    raw = documents[schema.location.document]
    others = sorted(_documents(schema) - {schema.location.document})
    if not others:
        return raw
    root: dict[str, Any] = json.loads(raw)
    parts = dict(_part(each, documents[each]) for each in others)
    bundle = {**root, "$defs": {**root.get("$defs", {}), **parts}}
    return json.dumps(bundle, ensure_ascii=False, indent=2).encode() + b"\n"


def _part(path: str, raw: bytes) -> tuple[str, Any]:
    """Return a file under the ``$id`` that its place gives it: references between files are read as paths."""
    content: dict[str, Any] | bool = json.loads(raw)
    if isinstance(content, bool):
        content = {} if content else {"not": {}}
    name = SCHEMA_ID_BASE + path
    return name, {**content, "$id": name}


def _documents(schema: Schema) -> set[str]:
    """Return the files that a schema needs, its own among them."""
    found = {schema.location.document}
    seen, waiting = set[Schema](), [schema]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        waiting.extend(node.children())
        if node.ref is not None:
            found.add(node.ref.location.document)
            waiting.append(node.ref.target)
    return found
