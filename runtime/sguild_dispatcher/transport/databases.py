"""Which databases a subscriber reads: its own one, and those of producers that publish elsewhere."""

from sguild_dispatcher.errors import SettingsError
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.roles import ReadingRights
from sguild_dispatcher.settings import PREFIX, Settings
from sguild_dispatcher.transport.interface import HOME_LOG
from sguild_dispatcher.transport.providers import DsnProvider, provider_of
from sguild_dispatcher.transport.sources import PostgresSource


def postgres_sources(
    rights: ReadingRights,
    registry: Registry,
    settings: Settings,
    *,
    dsn: str | None,
    connections: object,
    idle_seconds: float,
) -> list[PostgresSource]:
    """Return the logs to read.

    Args:
        rights: what the subscriber means to read.
        registry: knows the domains.
        settings: where the databases are.
        dsn: the subscriber's own database, by default that of the settings.
        connections: lends connections to it instead.
        idle_seconds: how long a transaction may stand still.

    Raises:
        SettingsError: there is no database, or a DSN is given for what is no producer.
        UnsupportedConnectionError: the connections are none.
    """
    listen = settings.wakeups == "listen"
    home = (
        DsnProvider(dsn or settings.require_dsn(), pooled=not listen)
        if connections is None
        else provider_of(connections)
    )
    foreign = _foreign_dsns(registry, settings, own=dsn or settings.dsn)
    own = PostgresSource(
        log=HOME_LOG, provider=home, home=None, listen=listen, rights=rights, idle_seconds=idle_seconds
    )
    others = [
        PostgresSource(
            log=min(producers),
            provider=DsnProvider(dsn, pooled=not listen),
            home=home,
            listen=listen,
            rights=rights,
            idle_seconds=idle_seconds,
        )
        for dsn, producers in sorted(foreign.items())
    ]
    return [own, *others]


def _foreign_dsns(registry: Registry, settings: Settings, *, own: str | None) -> dict[str, list[str]]:
    """Return the producers by the DSN of their log, where that is not the own database."""
    found: dict[str, list[str]] = {}
    for producer, dsn in settings.producer_dsns.items():
        if registry.domain(producer) is None:
            raise SettingsError(
                f"{PREFIX}DSN_{producer.upper()} names no domain of the registry: there are "
                f"{', '.join(each.name for each in registry.domains)}."
            )
        if dsn != own:
            found.setdefault(dsn, []).append(producer)
    return found
