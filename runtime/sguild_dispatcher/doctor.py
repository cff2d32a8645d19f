"""What is wrong with a database that no error tells: rights that bypass the policies, and neglect of the log.

Each check is a statement of ``sql/doctor/`` that returns a row for each finding, and a sentence that says it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.rights import domain_rights, rights_hash
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.registry import Registry

Level: TypeAlias = Literal["problem", "note"]
"""A problem has to be mended; a note is for somebody to look at."""

_APPLY: Final = "run `sguild-dispatcher roles apply`"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes:
        name: its name, and that of its statement.
        level: how bad a finding is.
        sentence: what is found and the way out, with the row's columns in braces.
        asks_registry: whether the statement is given the hash and the version of a registry.
    """

    name: str
    level: Level
    sentence: str
    asks_registry: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    check: str
    level: Level
    message: str


CHECKS: Final = (
    Check(
        "restored_cluster",
        "problem",
        "The database was restored into another cluster, so no worker starts: run "
        "`sguild-dispatcher migrate`.",
    ),
    Check(
        "days_missing",
        "problem",
        "The log has no table for {day}, so its events will lie in event_log_default: start a worker, or "
        "run `select sguild_dispatcher.create_log_days(7)`.",
    ),
    Check(
        "rows_in_default",
        "problem",
        "event_log_default holds {events} events, the oldest of {since:%Y-%m-%d}: they are not dropped by "
        "the day, and their days get no table of their own; let a worker run every few days.",
    ),
    Check(
        "nobody_delivers",
        "problem",
        "Nobody delivers to {subscriber} since {since:%Y-%m-%d %H:%M:%S}Z: its workers ended without a "
        "goodbye; start one, or retire the subscriber.",
    ),
    Check(
        "dead_workers",
        "note",
        "A worker of {subscriber}, process {process}, says nothing since {since:%Y-%m-%d %H:%M:%S}Z; "
        "others go on.",
    ),
    Check(
        "roles_absent",
        "note",
        f"No roles are installed, so whoever may write to the tables may write what he likes: {_APPLY}.",
    ),
    Check(
        "other_registry",
        "problem",
        "The policies are those of registry {installed}, and not those of the package at hand, which has "
        f"registry {{present}}: {_APPLY}.",
        asks_registry=True,
    ),
    Check(
        "rights_changed",
        "problem",
        "Policies or grants were changed since the roles were installed ({installed_at:%Y-%m-%d %H:%M:%S}Z): "
        f"find out by whom, and {_APPLY}, which restores them.",
    ),
    Check("roles_missing", "problem", f"The role {{role}} of {{domain}} is gone: {_APPLY}."),
    Check(
        "unguarded_tables",
        "problem",
        f"The policies of the table {{name}} are not enabled, or not forced upon its owner: {_APPLY}.",
    ),
    Check(
        "open_partitions",
        "problem",
        "The partition {name} can be used past the policies: run `alter table sguild_dispatcher.{name} "
        "enable row level security`, and revoke what was granted on it.",
    ),
    Check(
        "foreign_owners",
        "problem",
        "The {kind} {name} belongs to {owner}, who may do with it what he likes, and not to the owner of the "
        "schema: run `alter {kind} {name} owner to {proper}`.",
    ),
    Check(
        "open_views",
        "problem",
        "The {kind} {name} reads the log with the rights of {owner}, and {reader} may use it, past its own "
        "policies: revoke that, or make it one with the rights of whoever calls it (security invoker).",
    ),
    Check(
        "public_rights",
        "problem",
        "Everybody has the right {right} on {place}, with which names can be shadowed: "
        "revoke it from public, and grant it to who needs it.",
    ),
    Check(
        "powerful_roles",
        "problem",
        "The role {role} has the attribute {what}, and gives its members more than its policies: "
        "run `alter role {role} no{what}`.",
    ),
    Check(
        "mixed_roles",
        "problem",
        "The role {role} is a member of {given}, and gives its members more than its policies: "
        "run `revoke {given} from {role}`.",
    ),
    Check(
        "mixed_logins",
        "problem",
        "{login} has the rights of several domains ({roles}): give each service a login that is a member of "
        "its domain's role and of nothing else.",
    ),
    Check(
        "bypassing_services",
        "problem",
        "{login} has the role {role} and {how}: a service needs a login that is a member of its domain's "
        "role and of nothing else.",
    ),
    Check(
        "bypassing_workers",
        "problem",
        "The worker of {subscriber}, process {process}, logged in as {role}, which no policy stops: "
        "give it a login that is a member of its domain's role and of nothing else.",
    ),
    Check("bypassing_logins", "note", "{login} {how}, so no policy stops it: see that no service uses it."),
)


async def diagnose(connection: "Connection", registry: "Registry | None" = None) -> list[Finding]:
    """Return everything that is found, in the order of the checks.

    Args:
        connection: the database, by a superuser, the schema's owner or an operator; others do not see all.
        registry: the registry that the installed policies are to be those of, if one is at hand.

    Raises:
        NotMigratedError: the database has no schema, or one of another version.
    """
    await check_migrated(connection)
    findings: list[Finding] = []
    for check in CHECKS:
        if check.asks_registry and registry is None:
            continue
        values = _identity(registry) if check.asks_registry and registry is not None else ()
        rows = await connection.fetch(statement(f"doctor/{check.name}"), *values)
        findings += [Finding(check.name, check.level, check.sentence.format_map(dict(row))) for row in rows]
    return findings


def _identity(registry: "Registry") -> tuple[str, str]:
    rights = domain_rights(registry.domains, registry.event_types)
    return rights_hash(rights), registry.version
