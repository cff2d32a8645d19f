"""One process at a time changes a keyring: what it read is still there when it writes.

The lock is a file beside the keyring, since the keyring itself is another file after each change. It is the
kernel that locks, and it forgets a process that was killed. Reading needs no lock: a keyring is replaced as
a whole.
"""

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sguild_dispatcher.errors import KeyringError
from sguild_dispatcher.signing.files import check_folder

WAIT_SECONDS: Final = 10.0
"""How long the others are waited for; each needs some milliseconds."""

_PAUSE: Final = 0.02


@contextmanager
def locked(path: Path) -> Generator[None, None, None]:
    """Keep others that lock the same file out of the block, by whichever link they name it.

    Windows has no such lock, and nothing is locked there.

    Raises:
        KeyringError: they do not finish, or nothing can be written beside the file.
    """
    check_folder(path, "keyring")
    if sys.platform == "win32":
        yield
        return
    target = path.resolve()
    beside = target.with_name(f".{target.name}.lock")
    descriptor = _taken(path, beside)
    try:
        yield
    finally:
        # Before the lock is given up: whoever gets it sees then that its file is none any more.
        beside.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(path: Path, beside: Path) -> int:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            descriptor = _attempt(beside)
        except OSError as error:
            raise KeyringError(f"The keyring {path} cannot be locked: {beside}: {error.strerror}.") from None
        if descriptor is not None:
            return descriptor
        if time.monotonic() >= deadline:
            raise KeyringError(
                f"The keyring {path} is being changed by another process, which holds {beside} for more than "
                f"{WAIT_SECONDS:g} s: nothing was changed; try again when it has ended."
            )
        time.sleep(_PAUSE)


def _attempt(beside: Path) -> int | None:
    """Return the file with its lock, ``None`` if another process has that."""
    import fcntl

    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its holder may have deleted it meanwhile, and the next one made another.
        is_lock = os.path.samestat(os.fstat(descriptor), beside.stat())
    except (BlockingIOError, FileNotFoundError):
        is_lock = False
    except BaseException:
        os.close(descriptor)
        raise
    if not is_lock:
        os.close(descriptor)
    return descriptor if is_lock else None
