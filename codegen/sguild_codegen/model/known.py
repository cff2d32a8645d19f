"""What an earlier run found out, so that a later one need not find it out again."""

from collections.abc import Mapping
from dataclasses import dataclass

from sguild_codegen.model.reading import Adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEvent:
    """One event type as an earlier run saw it: all that the rest of a package needs of its contracts.

    ``key`` stands for everything that its files are made of (see ``record/keys.py``). ``documents`` are the
    schema files behind it, with those that they refer to, relative to the contracts folder. ``files`` are its
    emitted files, relative to the output folder. ``classes`` are the classes of its module. ``asked`` are the
    names that its module would have liked to use, and whether the package had them already.
    ``words`` are the names of its properties. ``descriptions`` are those of its payload versions.
    ``adapters`` tell which version can be read as which.
    """

    key: str
    documents: tuple[str, ...]
    files: tuple[str, ...]
    classes: tuple[str, ...]
    asked: Mapping[str, bool]
    words: tuple[str, ...]
    descriptions: Mapping[int, str]
    adapters: tuple[Adapter, ...]
