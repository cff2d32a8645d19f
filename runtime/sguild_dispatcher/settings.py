"""Configuration from ``SGUILD_DISPATCHER_*``: all mistakes are reported at once, secrets never shown."""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.errors import MissingKeyError, SettingsError
from sguild_dispatcher.signing import FollowedKeyring, Keyring

PREFIX: Final = "SGUILD_DISPATCHER_"
MASK: Final = "***"

Emission: TypeAlias = Literal["enforce", "warn"]
Wakeups: TypeAlias = Literal["listen", "poll"]

_READ_ELSEWHERE: Final = frozenset({f"{PREFIX}TEST_DSN"})
"""Names that only ``sguild_dispatcher.testing`` reads."""

_LARGEST_PORT: Final = 65_535
_PRODUCER_DSN: Final = re.compile(f"{PREFIX}DSN_([A-Z][A-Z0-9_]*)")
_DSN: Final = re.compile(r"postgres(?:ql)?://\S+")
_CREDENTIALS: Final = re.compile(r"(?<=://)([^:@/?#]*):.*(?=@)")
_PASSWORD_PARAMETER: Final = re.compile(r"(?<=[?&\s])(password|sslpassword)=[^&\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """How this process publishes and reads; each field is ``SGUILD_DISPATCHER_`` and its name in capitals."""

    dsn: str | None = None
    """The database, as ``postgresql://USER:PASSWORD@HOST/DATABASE``."""

    tenant_id: str | None = None
    """The tenant of events published outside of any request context."""

    keyring: Path | None = None
    """The JSON file with the keys that events are signed and verified with."""

    emission: Emission = "enforce"
    """``warn`` publishes outside of emission windows, logs and counts it: the lever for a rollback."""

    max_body_bytes: int = 262_144
    """The size limit of a signed body, in bytes of UTF-8."""

    poll_interval: float = 0.2
    """Seconds between two looks at the log when nothing waits."""

    batch_size: int = 1_000
    """Events a transaction at most."""

    max_attempts: int = 5
    """Deliveries of one event before it becomes a dead letter."""

    backoff_base: float = 1.0
    """Seconds before the second attempt; each further wait is twice as long."""

    backoff_cap: float = 300.0
    """The longest wait between two attempts, in seconds."""

    handler_timeout: float = 60.0
    """Seconds after which a handler has failed that has no timeout of its own."""

    lease_seconds: float = 5.0
    """How long a worker that says nothing is believed to live, in seconds; then others take over from it."""

    wakeups: Wakeups = "listen"
    """``poll`` neither listens for notifications nor prepares statements: for a pooler such as PgBouncer."""

    metrics_port: int | None = None
    """Where a subscriber that runs serves ``/metrics``, ``/healthz`` and ``/readyz``; nowhere without it."""

    metrics_host: str = "127.0.0.1"
    """The address that it listens on there."""

    producer_dsns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Databases of producers that publish elsewhere: ``SGUILD_DISPATCHER_DSN_REVENUE`` is that of revenue."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; a variable that is unset or empty leaves the default.

        Raises:
            SettingsError: values that are wrong and names that do not exist, all of them in one message.
        """
        given = {name: text for name, text in environ.items() if name.startswith(PREFIX) and text}
        known = _READERS.keys() | _READ_ELSEWHERE
        unknown = [_unknown(name) for name in sorted(given) if name not in known and _producer(name) is None]
        values: dict[str, Any] = {}
        wrong: list[str] = []
        dsns, wrong_dsns = _producer_dsns(given)
        wrong += wrong_dsns
        if dsns:
            values["producer_dsns"] = dsns
        for name, (read, rule) in _READERS.items():
            if name not in given:
                continue
            try:
                values[_field(name)] = read(given[name])
            except ValueError:
                wrong.append(f"{name}{_shown(name, given[name])} must be {rule}")
        if unknown or wrong:
            raise SettingsError("Wrong settings:\n" + "\n".join(f"  {each}." for each in [*wrong, *unknown]))
        return cls(**values)

    def require_dsn(self) -> str:
        """Return the database's DSN.

        Raises:
            SettingsError: there is none.
        """
        if self.dsn is None:
            raise SettingsError(
                f"No database is configured: set {PREFIX}DSN to postgresql://USER:PASSWORD@HOST/DATABASE."
            )
        return self.dsn

    def load_keyring(
        self, *, clock: Clock = system_clock, check: Callable[[Keyring], None] = lambda _: None
    ) -> FollowedKeyring:
        """Return the keys of the configured file, which is read again when it has changed.

        Args:
            clock: says when a key that is retired until a time has retired.
            check: raises MissingKeyError for a keyring that lacks what is needed.

        Raises:
            MissingKeyError: no file is configured, it does not exist, or it lacks what is needed.
            KeyringError: the file is not a keyring.
        """
        if self.keyring is None:
            raise MissingKeyError(
                "No keyring is configured: make one with `sguild-dispatcher keys new DOMAIN --keyring FILE` "
                f"and set {PREFIX}KEYRING to FILE."
            )
        return FollowedKeyring(self.keyring, clock=clock, check=check)

    def __repr__(self) -> str:
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        shown["dsn"] = None if self.dsn is None else _masked(self.dsn)
        shown["producer_dsns"] = {name: _masked(dsn) for name, dsn in self.producer_dsns.items()}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def _dsn(text: str) -> str:
    if _DSN.fullmatch(text) is None:
        raise ValueError
    return text


def _tenant(text: str) -> str:
    if text != text.strip():
        raise ValueError
    return text


def _emission(text: str) -> str:
    if text not in ("enforce", "warn"):
        raise ValueError
    return text


def _wakeups(text: str) -> str:
    if text not in ("listen", "poll"):
        raise ValueError
    return text


def _count(text: str) -> int:
    if re.fullmatch("[1-9][0-9]{0,9}", text) is None:
        raise ValueError
    return int(text)


def _port(text: str) -> int:
    number = _count(text)
    if number > _LARGEST_PORT:
        raise ValueError
    return number


def _host(text: str) -> str:
    if re.fullmatch(r"[0-9A-Za-z._:%-]+", text) is None:
        raise ValueError
    return text


def _seconds(text: str) -> float:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) is None or float(text) == 0:
        raise ValueError
    return float(text)


_READERS: Final[Mapping[str, tuple[Callable[[str], object], str]]] = {
    f"{PREFIX}{name}": (read, rule)
    for name, read, rule in (
        ("DSN", _dsn, "a URL such as postgresql://USER:PASSWORD@HOST/DATABASE"),
        ("TENANT_ID", _tenant, "a tenant id without space around it"),
        ("KEYRING", Path, "the path of a keyring file"),
        ("EMISSION", _emission, "enforce or warn"),
        ("MAX_BODY_BYTES", _count, "a number of bytes, 1 or more"),
        ("POLL_INTERVAL", _seconds, "a number of seconds above 0, such as 0.2"),
        ("BATCH_SIZE", _count, "a number of events, 1 or more"),
        ("MAX_ATTEMPTS", _count, "a number of attempts, 1 or more"),
        ("BACKOFF_BASE", _seconds, "a number of seconds above 0, such as 1"),
        ("BACKOFF_CAP", _seconds, "a number of seconds above 0, such as 300"),
        ("HANDLER_TIMEOUT", _seconds, "a number of seconds above 0, such as 60"),
        ("LEASE_SECONDS", _seconds, "a number of seconds above 0, such as 5"),
        ("WAKEUPS", _wakeups, "listen or poll"),
        ("METRICS_PORT", _port, "a port, 1 to 65535"),
        ("METRICS_HOST", _host, "a name or an address to listen on, such as 0.0.0.0"),
    )
}


def _producer(name: str) -> str | None:
    """Return the domain in the name of a producer's DSN, ``None`` for another variable."""
    found = _PRODUCER_DSN.fullmatch(name)
    return None if found is None else found[1].lower()


def _producer_dsns(given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the DSNs of producers, and what is wrong with others."""
    dsns: dict[str, str] = {}
    wrong: list[str] = []
    for name, text in sorted(given.items()):
        producer = _producer(name)
        if producer is None:
            continue
        if _DSN.fullmatch(text) is None:
            wrong.append(f"{name} must be a URL such as postgresql://USER:PASSWORD@HOST/DATABASE")
        else:
            dsns[producer] = text
    return dsns, wrong


def _field(name: str) -> str:
    return name.removeprefix(PREFIX).lower()


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, _READERS, n=1)
    meant = f"{close[0]} is, if you mean that" if close else f"there are {', '.join(_READERS)}"
    return f"{name} is no setting; {meant}"


def _shown(name: str, text: str) -> str:
    """Return the wrong value, unless it may hold a password where no pattern would find it."""
    return "" if name == f"{PREFIX}DSN" else f" is {text!r}, but"


def _masked(text: str) -> str:
    """Return the text without passwords, wherever a DSN may hold one."""
    without = _CREDENTIALS.sub(rf"\1:{MASK}", text)
    return _PASSWORD_PARAMETER.sub(rf"\1={MASK}", without)
