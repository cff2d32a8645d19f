"""The number that generated packages are written against.

A generated package names the interface it was generated for and calls
:func:`require_interface` as the first thing on import. The number rises
whenever generated code of the previous interface would no longer work.
"""

TYPE_CHECKING = False  # every import of a generated package comes by here: what it loads is kept little
if TYPE_CHECKING:
    from typing import Final

INTERFACE: "Final" = 3


def require_interface(interface: int, *, package: str) -> None:
    """Refuse to import a package that was generated for another interface.

    Raises:
        InterfaceMismatchError: ``interface`` is not the one of this runtime.
    """
    if interface != INTERFACE:
        from sguild_dispatcher.errors import InterfaceMismatchError

        raise InterfaceMismatchError(package=package, wanted=interface, present=INTERFACE)
