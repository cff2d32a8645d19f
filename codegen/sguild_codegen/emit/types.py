"""From one schema to one exact Python type.

A type is source text together with what it imports. What needs a name of its own (a constrained
string, an enum, an object) is added to the module's definitions in the order of dependence. A schema
that has no exact type here is refused by name with its place: nothing is dropped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sguild_codegen.emit.definitions import (
    NO_IMPORTS,
    Alias,
    Definitions,
    Import,
    ObjectClass,
    TypeSource,
    fields_import,
)
from sguild_codegen.emit.literals import literal
from sguild_codegen.emit.names import pascal
from sguild_codegen.emit.refusals import Refusal
from sguild_codegen.model.schema import Schema
