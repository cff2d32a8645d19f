"""How long events wait, measured now and then beside the deliveries: so it grows while a handler hangs."""

import logging
import time
from collections.abc import Collection, Mapping
from typing import Final

from sguild_dispatcher.telemetry import Consuming
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.transport.interface import Control

_log: Final = logging.getLogger(__name__)

LAG_SECONDS: Final = 15.0
"""How often it is measured, if anybody wants to know."""


class LagWatch:
    """Measures one log.

    Args:
        telemetry: who is told.
        log: the name of the log.
        fields: what says in the service's log which one it is.
    """

    def __init__(self, telemetry: Consuming, log: str, fields: Mapping[str, object]) -> None:
        self._telemetry = telemetry
        self._log = log
        self._fields = fields
        self._due = 0.0
        self._told: frozenset[int] = frozenset()

    async def look(self, control: Control, subscription: int, owned: Collection[int]) -> None:
        """Measure the partitions that are owned, if it is time to."""
        if not self._telemetry.counts or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + LAG_SECONDS
        try:
            self._tell(await control.lags(subscription, sorted(owned)))
        except Exception as error:  # noqa: BLE001 - a measurement must not stop what it measures
            # What was told last would look like a lag that stays as it is.
            self._tell({})
            _log.warning(
                "%s: could not measure how long events wait (%s)",
                self._fields["subscriber"],
                type(error).__name__,
                extra={"code": "lag-unknown", **self._fields, "error": error_type(error)},
            )

    def end(self) -> None:
        """Tell that this process no longer knows."""
        self._tell({})

    def _tell(self, seconds: Mapping[int, float]) -> None:
        given_away = dict.fromkeys(self._told - seconds.keys())
        self._told = frozenset(seconds)
        self._telemetry.lagging(self._log, {**seconds, **given_away})
