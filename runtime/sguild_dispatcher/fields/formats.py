"""String formats other than dates, judged by jsonschema-rs, which follows the RFCs.

``EmailStr`` and ``AnyUrl`` of pydantic are no substitutes: the first rejects ``a@localhost`` and trims
display names, the second accepts spaces and ``%zz``.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

FORMATS: Final = frozenset(
    {
        "date",
        "date-time",
        "duration",
        "email",
        "hostname",
        "idn-email",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "iri",
        "iri-reference",
        "json-pointer",
        "regex",
        "relative-json-pointer",
        "time",
        "uri",
        "uri-reference",
        "uri-template",
        "uuid",
    }
)
"""The formats of JSON Schema 2020-12, all of which are asserted."""


LONGEST_USUAL: Final = 64
"""How many characters a text may have at most to be recognised by :data:`USUAL`."""

_HOST: Final = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?:[.][A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)*[.][A-Za-z]{2,}"
USUAL: Final[Mapping[str, str]] = {
    "email": f"^[A-Za-z0-9_+-]+(?:[.][A-Za-z0-9_+-]+)*@{_HOST}$",
    "uri": f"^https?://{_HOST}(?::[0-9]{{1,4}})?(?:/[A-Za-z0-9._~/-]*)?(?:[?][A-Za-z0-9._~=&-]*)?$",
    "uuid": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
"""Patterns of texts that are of a format beyond doubt: they need not be judged. Most texts are such."""


def format_check(name: str) -> Callable[[str], str]:
    """Return a function that returns a text of the format, and raises ``ValueError`` for any other.

    jsonschema-rs is imported when the function is first called.

    Raises:
        ValueError: there is no such format, so nothing would be checked.
    """
    if name not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise ValueError(f"{name!r} is not a format of JSON Schema 2020-12; there are {known}.")

    def check(text: str) -> str:
        if not _judge(name)(text):
            raise ValueError(name)
        return text

    return check


@cache
def _judge(name: str) -> Callable[[str], bool]:
    import jsonschema_rs

    schema = {"type": "string", "format": name}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid
