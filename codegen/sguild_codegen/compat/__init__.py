"""Comparing two schemas: which readers of an event break, with a document that proves it.

:func:`compare` is the public entrance; nothing is imported before it is used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sguild_codegen.compat.comparison import Comparison, Direction, Lens, Verdict, compare


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sguild_codegen.compat import comparison

    value: object = getattr(comparison, name)
    return value


__all__ = ["Comparison", "Direction", "Lens", "Verdict", "compare"]
