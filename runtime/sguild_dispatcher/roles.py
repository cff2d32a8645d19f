"""The domains' roles in a database: installing them, and starting nothing that they would hide events from.

A row that a policy hides is done for a cursor, as if it had been read. A worker that started before its
policies would lose what they hide, in silence, so it does not start.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.errors import ConfigurationError, HiddenEventsError, MissingRightsError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.rights import INSUFFICIENT_PRIVILEGE, OPERATOR, role_of
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sguild_dispatcher.database import Connection, Queries
    from sguild_dispatcher.registry import Registry
    from sguild_dispatcher.subscriptions import SubscriberName

APPLY: Final = "sguild-dispatcher roles apply"

_OBJECT_IN_USE: Final = "55006"
_LOCK_NOT_AVAILABLE: Final = "55P03"
_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.25
_CALL: Final = "call sguild_dispatcher.replace_roles("
_LONG_LIST: Final = 3


@dataclass(frozen=True, slots=True)
class ReadingRights:
    """What a worker means to read: the event types that its registry lets its domain subscribe to."""

    domain: str
    registry_version: str
    event_types: tuple[str, ...]

    @classmethod
    def of(cls, domain: str, registry: "Registry") -> "ReadingRights":
        """Take them from a registry."""
        return cls(domain, registry.version, tuple(each.name for each in registry.subscriptions(domain)))

    async def check(self, connection: "Queries") -> None:
        """Make sure that the roles that are installed, if any are, hide nothing of it.

        Raises:
            HiddenEventsError: the installed policies lack a subscription of this registry.
            MissingRightsError: the login is no member of the domain's role.
        """
        rows = await connection.fetch(statement("roles/reading"), self.domain, list(self.event_types))
        if not rows:
            return
        row = rows[0]
        if row["hidden"]:
            raise HiddenEventsError(
                f"The database's roles are those of registry {row['registry_version']} and hide "
                f"{_listed(row['hidden'])} from {self.domain}, which registry {self.registry_version} of "
                f"this worker lets it read: run `{APPLY}` with the roles.sql of registry "
                f"{self.registry_version} first."
            )
        if not row["has_role"]:
            raise MissingRightsError(
                f"The role {row['login']} has not the rights of {row['role']}, so the database hides the "
                f'events of {self.domain} from it: run `grant {row["role"]} to "{row["login"]}"`, or connect '
                "as a role that has them."
            )


async def apply_roles(connection: "Connection", text: str) -> None:
    """Install the roles and policies of a ``roles.sql``, in place of those that are installed.

    It is done in one transaction, or not at all. While others use the tables, it is tried again for a while.

    Args:
        connection: one without an open transaction, by a role that owns the schema and may create roles.
        text: the file's text.

    Raises:
        NotMigratedError: the database is not ready.
        ConfigurationError: the text is no such file; the tables were in use all the time; or a subscriber
            still reads what would be hidden from it.
        MissingRightsError: the connection's role may not do it.
    """
    if _CALL not in text:
        raise ConfigurationError(
            "The file holds no roles: apply the roles.sql that `sguild-codegen generate` wrote."
        )
    await check_migrated(connection)
    for _ in range(_ATTEMPTS):
        try:
            await connection.execute(text)
        except Exception as error:  # noqa: BLE001 - it is raised again, or means to try again
            # The error leaves the file's own transaction open.
            await connection.execute("rollback")
            complaint = await _complaint(connection, error)
            if complaint is not None:
                raise complaint from None
        else:
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise ConfigurationError(
        "Nothing was changed: other transactions used the event log all the time. Run it again when no long "
        "transaction is open."
    )


async def require_all_rows(connection: "Connection") -> None:
    """Make sure that nothing is hidden from a connection that drops what it sees no use of.

    Raises:
        MissingRightsError: policies apply to it, and it is no operator.
    """
    login, sees_all = await _sight(connection)
    if not sees_all:
        raise MissingRightsError(
            f"Policies hide subscribers from the role {login}, so what they still need would be dropped: run "
            f'`grant {OPERATOR} to "{login}"`, or connect as a superuser.'
        )


async def require_operator(connection: "Connection", subscribers: "Sequence[SubscriberName]") -> None:
    """Make sure that a connection may act on the dead letters of several subscribers at once.

    Raises:
        MissingRightsError: it is a domain's, whose audit entries each name one subscriber.
    """
    login, sees_all = await _sight(connection)
    if not sees_all:
        raise MissingRightsError(
            f"These are dead letters of {_listed([str(each) for each in subscribers])}, and only an operator "
            f"may act on those of several subscribers at once, which {login} is not: name one, "
            f"`--subscriber {subscribers[0]}`."
        )


async def _sight(connection: "Connection") -> tuple[str, bool]:
    """Return the login, and whether no policy hides rows from it."""
    row = (await connection.fetch(statement("roles/sees_all")))[0]
    return row["login"], row["sees_all"]


async def installed_roles(connection: "Connection") -> tuple[str, list[str]]:
    """Return the version of the registry whose roles are installed, and them; an empty version for none."""
    rows = await connection.fetch(statement("roles/installed"))
    return (rows[0]["registry_version"], list(rows[0]["roles"])) if rows else ("", [])


async def _complaint(connection: "Connection", error: Exception) -> Exception | None:
    """Return what to say of an error, ``None`` to try again."""
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate == _LOCK_NOT_AVAILABLE:
        return None
    reason = str(error).partition("\n")[0]
    if sqlstate == _OBJECT_IN_USE:
        return ConfigurationError(f"Nothing was changed: {reason}.")
    if sqlstate == INSUFFICIENT_PRIVILEGE:
        login = await connection.fetchval("select current_user")
        return MissingRightsError(
            f"The role {login} may not install roles ({reason}): connect as the owner of the schema "
            "sguild_dispatcher, with the attribute createrole, or as a superuser. Roles belong to the whole "
            "server: where another role made them, run as that one, or as a superuser, "
            f'`grant {OPERATOR} to "{login}" with admin option` first.'
        )
    return error


def missing_rights(login: str, domain: str, error: BaseException) -> MissingRightsError:
    """Return the error of a session that may not do what the runtime asked of the database."""
    reason = str(error).partition("\n")[0]
    return MissingRightsError(
        f"The role {login} lacks rights in the database ({reason}): grant it the role of its domain, "
        f'`grant {role_of(domain)} to "{login}"`; `{APPLY}` makes it.'
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_LONG_LIST])
    return shown if len(names) <= _LONG_LIST else f"{shown} and {len(names) - _LONG_LIST} more"
