"""What keeps a secret from being shown: by a repr, an error, a pickle, or the variables of a traceback.

A traceback that is reported with its variables shows every text that a function on the way holds. So a
secret is a :class:`Secret` from where it is read to where it is used, and what has to look into one
returns instead of raising.
"""

import hmac
from typing import Final, NoReturn, Self

SECRET_PREFIXES: Final = ("whsec_", "whsk_")
"""What secrets begin with: of HMAC-SHA256, and the private keys of Ed25519."""

_MOST_SHOWN: Final = 80


class Confined:
    """An object that holds secrets: it is not pickled, and its copy is itself."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"A {type(self).__name__} holds secrets and is not pickled: read the keyring again.")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Secret(Confined):
    """A text that only :meth:`reveal` gives out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; do not keep it in a variable where an error may be raised."""
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._text), _bytes(other._text))

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(***)"


def shown(text: str) -> str:
    """Return a name for a message, cut where it is long, and without what may be a secret."""
    if any(prefix in text for prefix in SECRET_PREFIXES):
        return "***"
    return repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}…"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
