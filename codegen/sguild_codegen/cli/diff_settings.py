"""``[tool.sguild-codegen.diff]``: policies by contract or event type, waivers, the changelog."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final, cast

from sguild_codegen.changes.policies import FORWARD, POLICIES, Policy
from sguild_codegen.changes.waivers import Waiver
from sguild_codegen.cli.configuration import FILE, TABLE, as_table, command_settings
from sguild_codegen.cli.toml_places import entry_places
from sguild_codegen.errors import UsageError
from sguild_codegen.model.contract import EventType
from sguild_codegen.report.finding import Place
from sguild_codegen.report.pages import page
from sguild_codegen.report.safe import shown

_KEYS: Final = ("policy", "policies", "waivers", "changelog")
_WAIVER: Final = ("rule", "pointer", "old", "new", "reason", "expires")
_WHERE: Final = f"{FILE}: {TABLE} diff"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSettings:
    """How changes are judged; ``policies`` go by the name of a contract or an event type."""

    policy: Policy = FORWARD
    policies: Mapping[str, Policy] = field(default_factory=dict[str, Policy])
    waivers: tuple[Waiver, ...] = ()
    changelog: Path = Path("CHANGELOG.md")

    def policy_of(self, event: EventType) -> Policy:
        """Return the policy of an event type: its own, else that of its contract, else the general one."""
        return self.policies.get(event.name) or self.policies.get(event.contract) or self.policy

    def check_names(self, known: set[str]) -> None:
        """Refuse a policy for something that is not there: a typo would let everything pass unseen.

        Raises:
            UsageError: a policy names no contract and no event type.
        """
        for name in self.policies:
            if name not in known:
                raise UsageError(
                    f"{_WHERE}.policies names {shown(name)}, which is no contract and no event type: "
                    f"{_meant(name, known, 'the registry lists both.')}"
                )


def diff_settings() -> DiffSettings:
    """Return the settings of the configuration.

    Raises:
        UsageError: it has an unknown key or a wrong value.
    """
    table = command_settings("diff")
    _check_keys(table, _KEYS, _WHERE)
    policies = as_table(table.get("policies", {}), f"{_WHERE}.policies")
    return DiffSettings(
        policy=policy_named(table.get("policy", "FORWARD"), f"{_WHERE} policy"),
        policies={name: policy_named(each, f"{_WHERE}.policies {name}") for name, each in policies.items()},
        waivers=tuple(_waivers(table.get("waivers", []))),
        changelog=Path(_text(table, "changelog", _WHERE) if "changelog" in table else "CHANGELOG.md"),
    )


def policy_named(name: object, where: str) -> Policy:
    """Return a policy by its name.

    Raises:
        UsageError: there is none of that name.
    """
    found = POLICIES.get(name) if isinstance(name, str) else None
    if found is None:
        known = f"the policies are {', '.join(POLICIES)}."
        raise UsageError(
            f"{where} cannot be {shown(str(name))}: {_meant(str(name).upper(), POLICIES, known)}"
        )
    return found


def _waivers(listed: object) -> Iterator[Waiver]:
    if not isinstance(listed, list):
        raise UsageError(f"{_WHERE}.waivers has to be a list of tables.")
    entries = cast("list[object]", listed)
    keys = ("tool", "sguild-codegen", "diff", "waivers")
    places = entry_places(Path(FILE), keys, len(entries)) if entries else []
    for index, (each, place) in enumerate(zip(entries, places, strict=True)):
        where = f"{_WHERE}.waivers[{index}]"
        table = as_table(each, where)
        _check_keys(table, _WAIVER, where)
        missing = [key for key in _WAIVER if key not in table]
        if missing:
            raise UsageError(
                f"{where} lacks {', '.join(missing)}: a waiver needs all of {', '.join(_WAIVER)}."
            )
        yield _waiver(table, where, place)


def _waiver(table: Mapping[str, object], where: str, place: Place) -> Waiver:
    expires = table["expires"]
    if not isinstance(expires, date):
        raise UsageError(f"{where} expires has to be a date, such as 2026-12-31, without quotes.")
    rule = _text(table, "rule", where)
    if page(rule) is None:
        raise UsageError(f'{where} names {shown(rule)}, which is no rule: "sguild-codegen rules" lists them.')
    for key in ("old", "new"):
        if not _SHA256.fullmatch(_text(table, key, where)):
            raise UsageError(f"{where} {key} has to be the SHA-256 of the schema; --waivers prints it.")
    return Waiver(
        rule=rule,
        pointer=_text(table, "pointer", where, empty=True),
        old=_text(table, "old", where),
        new=_text(table, "new", where),
        reason=_text(table, "reason", where),
        expires=date(expires.year, expires.month, expires.day),
        place=place,
    )


def _text(table: Mapping[str, object], key: str, where: str, *, empty: bool = False) -> str:
    value = table[key]
    if not isinstance(value, str) or not (value.strip() or empty):
        raise UsageError(f"{where} {key} has to be a text that is not empty, not {shown(str(value))}.")
    return value


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    keys = f"the keys are {', '.join(known)}."
    for key in table:
        if key not in known:
            raise UsageError(f"{where} has no key {shown(key)}: {_meant(key, known, keys)}")


def _meant(name: str, known: Mapping[str, object] | set[str] | tuple[str, ...], otherwise: str) -> str:
    near = get_close_matches(name, known, n=1)
    return f'did you mean "{near[0]}"?' if near else otherwise
