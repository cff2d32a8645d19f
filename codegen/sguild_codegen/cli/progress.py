"""A bar on stderr for runs that take a while; nothing where nobody looks."""

import os
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TextIO

AFTER: Final = 1.0  # seconds: a shorter run needs no bar
_EVERY: Final = 0.1  # seconds between two pictures
_WIDTH: Final = 40
_CLEAR: Final = "\r\x1b[K"


@dataclass(slots=True)
class Bar:
    """Shows how much of a run is done, on a terminal only; it leaves nothing behind."""

    stream: TextIO
    after: float = AFTER
    _started: float = field(default_factory=time.monotonic)
    _drawn: float = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self.stream.write(_CLEAR)
            self.stream.flush()

    def __call__(self, done: float) -> None:
        """Show that so much is done: 0 is nothing, 1 is all."""
        now = time.monotonic()
        if now - self._started < self.after or now - self._drawn < _EVERY or not self._is_seen():
            return
        self._drawn = now
        full = round(_WIDTH * done)
        self.stream.write(f"\r[{'#' * full}{'.' * (_WIDTH - full)}] {done:4.0%}")
        self.stream.flush()

    def _is_seen(self) -> bool:
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"
