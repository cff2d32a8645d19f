"""Keys: equal keys mean equal bytes, as long as the tool is the same."""

import hashlib
import json
from collections.abc import Mapping

from sguild_codegen.model.schema import JsonValue


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def event_key(entry: JsonValue, id_prefixes: Mapping[str, str], documents: Mapping[str, str]) -> str:
    """Return the key of one event type's files.

    They depend on its entry in the registry, on the id prefixes, and on its ``documents``: digests of its
    schema files and of those that they refer to, by name. Two more things are compared where they are known:
    which names the package has already (``KnownEvent.asked``), and the tool with the package's name.
    """
    return _key(entry, sorted(id_prefixes.items()), sorted(documents.items()))


def template_key(template: str, values: Mapping[str, object]) -> str:
    """Return the key of a file that one template makes of ``values``: records, texts, numbers and days only.

    Their ``repr`` says all of what they hold, and says it the same way in every process.
    """
    return _key(template, repr(sorted(values.items())))


def _key(*parts: object) -> str:
    return digest(json.dumps(parts, ensure_ascii=True).encode())
