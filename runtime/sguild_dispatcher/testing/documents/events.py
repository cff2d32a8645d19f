"""The envelope around a drawn payload: what the registry says about it, and valid members for the rest."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, cast

from sguild_dispatcher.testing.documents.leaves import kind_of
from sguild_dispatcher.testing.documents.library import Json
from sguild_dispatcher.testing.documents.maker import DocumentMaker, UnsatisfiableSchemaError
from sguild_dispatcher.testing.documents.sources import Source

_SOME_DAY: Final = date(2026, 6, 1)
_DAYS: Final = 30
_MINUTES_A_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the registry says about the envelope of one version; ``subject`` names a member of the payload.

    The version is emitted while ``emit_from <= now < emit_until``, days that begin at 00:00 UTC.
    """

    event_type: str
    version: int
    producer: str
    subject: str | None = None
    emit_from: date | None = None
    emit_until: date | None = None

    def around(self, payload: Json, envelope: DocumentMaker, source: Source) -> dict[str, Json]:
        """Return an event with a payload, which need not be valid.

        Raises:
            UnsatisfiableSchemaError: the envelope's schema does not allow what the registry says.
        """
        fixed = {
            "event_type": self.event_type,
            "schema_version": self.version,
            "producer": self.producer,
            "occurred_at": self._moment(source.inside("occurred_at")),
        }
        subject = payload.get(self.subject) if kind_of(payload) == "object" else None
        place = source.inside("envelope")
        try:
            found = envelope.valid(place, {**fixed, "subject": subject})
        except UnsatisfiableSchemaError:  # the member is no id that the envelope can hold
            found = {key: each for key, each in envelope.valid(place, fixed).items() if key != "subject"}
        return {**cast("dict[str, Any]", found), "payload": payload}

    def _moment(self, source: Source) -> str:
        """Return a time at which the version is emitted, as its producer writes it: in UTC, with Z."""
        if self.emit_from is None and self.emit_until is not None:
            begin = self.emit_until - timedelta(days=_DAYS)
        else:
            begin = self.emit_from or _SOME_DAY
        end = min(begin + timedelta(days=_DAYS), self.emit_until or date.max)
        minutes = max((end - begin).days * _MINUTES_A_DAY, 1)
        start = datetime.combine(begin, time(), UTC)
        return (start + timedelta(minutes=source.below(minutes))).strftime("%Y-%m-%dT%H:%M:%SZ")
