"""What is known of formats: a pattern around each, whether it is the format exactly, and texts of it.

A pattern around a format (every text of the format matches it) proves that none can be of the format; a text
is proven to be of it by validators, never by this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_H: Final = "[0-9a-fA-F]"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_DATE: Final = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TIME: Final = f"{_CLOCK}:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?(?:[Zz]|[+-]{_CLOCK})"


@dataclass(frozen=True, slots=True)
class Format:
    """``around`` matches every text of the format, and (``exact``) no other.

    ``samples`` are some of them, ``others`` are none; each is of the formats that it is ``within``, too, and
    has no more than ``longest`` characters.
    """

    around: str | None
    samples: tuple[str, ...]
    exact: bool = False
    others: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    longest: int | None = None


FORMATS: Final[Mapping[str, Format]] = {
    "date-time": Format(f"^{_DATE}[Tt]{_TIME}$", ("2026-05-22T09:30:00Z", "2026-05-22t09:30:00.5+02:00")),
    "date": Format(f"^{_DATE}$", ("2026-05-22", "2024-02-29"), others=("2023-02-29", "2026-04-31")),
    "time": Format(f"^{_TIME}$", ("09:30:00Z", "09:30:00.5+02:00")),
    "duration": Format("^P[0-9TYMWDHS.,]+$", ("P1D", "PT1H", "P1Y2M3DT4H5M6S", "P2W"), others=("P", "PT")),
    "email": Format("^.+@.+$", ("a@example.org", "a@b", '"a b"@example.org'), within=("idn-email",)),
    "idn-email": Format("@", ("a@example.org", "ä@example.org")),
    "hostname": Format(
        "^[0-9A-Za-z.-]+$",
        ("example.org", "a", "a-b.c"),
        others=("-a", ".", "a-"),
        within=("idn-hostname",),
        longest=253,
    ),
    "idn-hostname": Format(None, ("example.org", "a"), others=("-a", "a b")),
    "ipv4": Format(f"^{_OCTET}(?:\\.{_OCTET}){{3}}$", ("127.0.0.1", "0.0.0.0"), exact=True),  # noqa: S104
    "ipv6": Format(
        "^[0-9a-fA-F:.]+$", ("::1", "fe80::1", "::ffff:127.0.0.1"), others=(":::", "1:2"), longest=45
    ),
    "uri": Format(
        "^[A-Za-z][A-Za-z0-9+.-]*:[!-~]*$",
        ("https://example.org/a", "a:b", "urn:a:b"),
        others=("a:%", "a:{"),
        within=("uri-reference", "iri", "iri-reference"),
    ),
    "uri-reference": Format(
        "^[!-~]*$", ("", "a", "/a", "https://example.org/a"), others=("%", "{"), within=("iri-reference",)
    ),
    "iri": Format(
        "^[A-Za-z][A-Za-z0-9+.-]*:",
        ("https://example.org/a", "a:b"),
        within=("iri-reference",),
    ),
    "iri-reference": Format(None, ("", "a", "https://example.org/a")),
    "uri-template": Format(None, ("", "a", "/a/{b}"), others=("{", "}", "{a")),
    "uuid": Format(
        f"^{_H}{{8}}-{_H}{{4}}-{_H}{{4}}-{_H}{{4}}-{_H}{{12}}$",
        ("00000000-0000-0000-0000-000000000000", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"),
        exact=True,
    ),
    "json-pointer": Format("^(?:/(?:[^~/]|~[01])*)*$", ("", "/a", "/a/0"), exact=True),
    "relative-json-pointer": Format(
        "^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)$", ("0", "1/a", "0#"), others=("00", "0a", "0##")
    ),
    "regex": Format(None, ("", "a", "^a+$"), others=("(", "[", "*", "a(")),
}
"""The formats of 2020-12; any other one is an annotation."""
