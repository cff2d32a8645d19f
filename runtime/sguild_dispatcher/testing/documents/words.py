"""Texts and numbers that are pleasant to read, and others that stand at the edges of a format."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sguild_dispatcher.testing.documents.sources import Source

_BEGIN: Final = datetime(2026, 5, 1, tzinfo=UTC)
_MINUTES: Final = 60 * 24 * 60
_WORDS: Final = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper")

# By the words that the name of a property ends with, or the whole of it; the first that is valid is taken.
HINTS: Final[Mapping[str, tuple[Any, ...]]] = {
    "currency": ("EUR", "USD", "GBP"),
    "amount_minor": (4900, 12000, 250),
    "amount": (49, 120, 5),
    "credits": (2, 1, 4),
    "given_name": ("Ada", "Grace", "Alan"),
    "family_name": ("Lovelace", "Hopper", "Turing"),
    "name": ("Ada Lovelace", "Grace Hopper", "Alan Turing"),
    "email": ("ada@example.org", "grace@example.org", "alan@example.org"),
    "phone": ("+4930123456", "+442071234567", "+12025550123"),
    "note": ("Agreed on the phone.", "The weather is too bad.", "The coach is ill."),
    "message": ("The card was declined.", "The processor does not answer."),
    "reference": ("ref-1001", "ref-1002", "ref-2040"),
    "organization_id": ("org_berlin", "org_hamburg"),
    "tenant_id": ("sguild-berlin", "sguild-hamburg"),
    "campaign": ("spring-trial", "autumn-start"),
    "country": ("DE", "GB", "US"),
    "city": ("Berlin", "Hamburg", "London"),
    "locale": ("de-DE", "en-GB"),
}

# Formats: (valid samples, ...) with edges among them; the validator says which of them are valid.
SAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "date-time": (
        *("2026-05-01T10:00:00Z", "2026-05-01T10:00:00.5Z", "2026-05-01T10:00:00.123456+02:00"),
        *("2026-05-01t10:00:00z", "2026-01-01T00:00:00.1234567-00:00", "2016-12-31T23:59:60Z"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-02-29T23:59:59+23:59"),
        *("2016-12-31T23:58:60Z", "2026-05-01 10:00:00Z", "2026-05-01T10:00:00"),
        *("2026-05-01T10:00:00+0530", "2026-05-01T10:00:00,5Z", "2026-02-30T00:00:00Z"),
        *("2026-05-01T24:00:00Z", "2026-05-01T10:00Z", "1777629600", "2026-05-01"),
    ),
    "date": ("2026-05-01", "2024-02-29", "0001-01-01", "2026-02-30", "2026-5-1", "2026-05-01T00:00:00Z"),
    "time": ("10:00:00Z", "23:59:60Z", "10:00:00.5+01:00", "10:00:00", "25:00:00Z"),
    "duration": ("P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P2W", "P", "PT", "1D", "P1.5D"),
    "email": ("ada@example.org", "a@localhost", '"a b"@example.org', "a@b@c", "a@", "a b@example.org"),
    "idn-email": ("ada@example.org", "ä@exämple.org", "a@", "a"),
    "uri": ("https://example.org/a?b#c", "urn:x:y", "https://example.org/ a", "https://%zz", "/rel", ""),
    "uri-reference": ("/lessons/1", "https://example.org", "#a", "", "\\a", "a b"),
    "iri": ("https://exämple.org/ä", "https://example.org", "/ä", "a b"),
    "iri-reference": ("/ä", "https://example.org", "", "\\a"),
    "uri-template": ("https://example.org/{id}", "/a", "https://example.org/{id"),
    "hostname": ("example.org", "a", "-a.org", "a..b", "a" * 64),
    "idn-hostname": ("exämple.org", "a", "-a.org", "a..b"),
    "ipv4": ("127.0.0.1", "255.255.255.255", "256.0.0.1", "1.2.3", "01.2.3.4"),
    "ipv6": ("::1", "fe80::1", "::ffff:1.2.3.4", "::g", "1:2:3:4:5:6:7:8:9"),
    "uuid": ("0197a0b4-7c3a-7d0e-8a34-0b8a5d1c2e3f", "2EB8AA08-AA98-11EA-B4AA-73B441D16380", "2eb8aa08"),
    "json-pointer": ("/a/b", "", "/~0~1", "a", "/~2"),
    "relative-json-pointer": ("0", "1/a", "0#", "-1", "/a"),
    "regex": ("^a+$", "[a-z]", "(?<name>a)", "[", "a{2,1}"),
}

NAMES: Final = ("extra", "note", "more", "zz", "abcd", "A", "class_", "__init__", "model_config", "a\n", "")

JUNK: Final[tuple[Any, ...]] = (
    *("x", 1, True, None, 0.5, {}, [], False, 0, -1, 1.0, -0.0, 1e300, 2**53, 2**63, -(2**63), 10**25),
    *("", " ", "5", "true", "null", "é", "\U0001f600", "a\n", "a" * 300),
    *([None], [1, 1.0], [True, 1], ["a", "a"], {"a": 1}, {"class": True}),
)


def hints(name: str) -> tuple[Any, ...]:
    """Return readable values for a property of this name, if there are some."""
    parts = name.lower().split("_")
    tails = ("_".join(parts[start:]) for start in range(len(parts)))
    return next((HINTS[tail] for tail in tails if tail in HINTS), ())


def words(source: Source) -> str:
    """Return one to three words."""
    return " ".join(_WORDS[source.below(len(_WORDS))] for _ in range(1 + source.below(3)))


def of_format(name: str, source: Source) -> str:
    """Return a valid text of a format, the readable kind."""
    if name in ("date-time", "date"):
        moment = (_BEGIN + timedelta(minutes=source.below(_MINUTES))).strftime("%Y-%m-%dT%H:%M:00Z")
        return moment if name == "date-time" else moment[:10]
    if name == "uuid":
        return source.uuid7()
    samples = SAMPLES.get(name, ("",))
    return samples[source.below(2) % len(samples)]
