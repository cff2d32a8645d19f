"""String formats other than dates, judged by jsonschema-rs, which follows the RFCs.

``EmailStr`` and ``AnyUrl`` of pydantic are no substitutes: the first rejects ``a@localhost`` and trims
display names, the second accepts spaces and ``%zz``.
"""

from collections.abc import Callable
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
