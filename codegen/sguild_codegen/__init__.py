"""Reads event contracts and writes typed Pydantic events, publishers and subscribers."""

from collections.abc import Mapping
from typing import Any


def model_source(
    schema: Mapping[str, Any] | bool, class_name: str = "Model", *, assert_formats: bool = True
) -> str:
    """Return the source of a module with a model of one JSON Schema (2020-12), whatever it describes.

    The module binds ``class_name`` to a Pydantic model that accepts a JSON document if and only if the schema
    does. It imports only pydantic and ``sguild_dispatcher.fields`` and ``.models``. Unknown keywords are
    annotations; references lead inside the schema only.

    Args:
        schema: the schema as a JSON value: an object, ``True`` or ``False``.
        class_name: the name of the model.
        assert_formats: whether ``format`` constrains, or is an annotation.

    Raises:
        sguild_codegen.errors.ContractError: the schema is invalid, or holds what cannot be honoured exactly;
            its ``findings`` name each place.
        sguild_codegen.errors.UsageError: ``schema`` is no JSON value, or ``class_name`` no name for a class.
    """
    from pathlib import Path

    from sguild_codegen.cli.refusing import refusals_located
    from sguild_codegen.emit.single import emit_single
    from sguild_codegen.reader.single import as_json, read_single

    value, raw = as_json(schema)
    path = Path("schema.json")
    read = read_single(value, path, raw)
    with refusals_located(path.parent, {path.name: raw}):
        return emit_single(read, class_name, formats=assert_formats)


__all__ = ["model_source"]
