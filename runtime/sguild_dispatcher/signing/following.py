"""A keyring file that a process follows while it runs, so that keys are rotated without a stop."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from sguild_dispatcher.clock import Clock
from sguild_dispatcher.errors import KeyringError, MissingKeyError
from sguild_dispatcher.signing.keyring import Keyring

_log: Final = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often at most it is asked whether the file has changed."""

_Mark: TypeAlias = tuple[int, ...]


class FollowedKeyring:
    """The keys of a file as it was seen last; one that cannot be used leaves the keys from before.

    Args:
        path: the keyring file.
        clock: says when a key that is retired until a time has retired.
        check: raises MissingKeyError for a keyring that lacks what the process needs.

    Raises:
        MissingKeyError: there is no such file, or it lacks what the process needs.
        KeyringError: it is not a keyring.
    """

    def __init__(self, path: Path, *, clock: Clock, check: Callable[[Keyring], None]) -> None:
        self._path = path
        self._clock = clock
        self._check = check
        self._seen: _Mark = _mark(path)
        self._refused: _Mark | None = None
        self._keyring = self._read()
        self._look_at = time.monotonic() + LOOK_SECONDS

    def current(self) -> Keyring:
        """Return the keys, after a look at the file if the last one was long ago."""
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            self._look()
        return self._keyring

    def _look(self) -> None:
        mark = _mark(self._path)
        if mark == self._seen:
            return
        try:
            self._keyring = self._read()
        except (KeyringError, MissingKeyError) as error:
            if mark != self._refused:
                self._refused = mark
                _log.error(
                    "The keyring has changed and cannot be used, so the keys from before stay: %s",
                    error,
                    extra={"code": "keyring-refused", "path": str(self._path)},
                )
            return
        self._seen = mark
        _log.info(
            "The keyring has changed, and its %d keys are used from here on",
            len(self._keyring),
            extra={"code": "keyring-changed", "path": str(self._path)},
        )

    def _read(self) -> Keyring:
        keyring = Keyring.from_file(self._path, clock=self._clock)
        self._check(keyring)
        return keyring


def _mark(path: Path) -> _Mark:
    """Return what tells one state of a file from another, nothing if there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
