"""From a template and its values to the bytes of a file: rendered, formatted, verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sguild_codegen.emit.source import HEADER, formatted
from sguild_codegen.emit.templates import render
from sguild_codegen.emit.verify import verify
from sguild_codegen.record.keys import template_key


@dataclass(frozen=True)
class Recipe:
    """What a file is made of."""

    template: str
    values: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """Equal keys mean equal files, as long as the tool is the same."""
        return template_key(self.template, self.values)


@dataclass(frozen=True, slots=True)
class Made:
    """A file as it is written; files with an empty key are not worth being taken over."""

    key: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Kitchen:
    """Makes the files of one package; ``event_id`` is the class of event ids."""

    package: str
    event_id: str

    def made(self, path: str, recipe: Recipe) -> bytes:
        """Return the bytes of a file.

        Raises:
            GeneratorError: a module would hold what no template writes.
        """
        text = str(formatted(path, render(recipe.template, header=HEADER, **recipe.values)))
        if path.endswith(".py"):
            verify(path, text, self.package, self.event_id)
        return text.encode()
