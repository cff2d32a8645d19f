"""``lint.ignore`` of pyproject.toml: which findings not to report, each with its reason."""

from difflib import get_close_matches
from pathlib import Path
from typing import Final

from sguild_codegen.cli.configuration import FILE, TABLE, as_table, command_settings
from sguild_codegen.cli.toml_places import entry_places
from sguild_codegen.compat.resolving import is_array
from sguild_codegen.errors import UsageError
from sguild_codegen.lint.linting import Ignore
from sguild_codegen.report import lint_rules
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import shown

_KEYS: Final = ("rule", "path", "event_type", "pointer", "reason")
_NAMES: Final = {each.id: each.name for each in vars(lint_rules).values() if isinstance(each, Rule)}


def ignores() -> tuple[Ignore, ...]:
    """Return the entries of ``lint.ignore``.

    Raises:
        UsageError: an entry has no reason, an unknown key or rule, or a value that is no text.
    """
    settings = command_settings("lint")
    for key in settings:
        if key != "ignore":
            raise UsageError(f"{FILE}: {TABLE} lint has no key {shown(key)}: its only key is ignore.")
    listed = settings.get("ignore", [])
    if not is_array(listed):
        raise UsageError(f"{FILE}: {TABLE} lint.ignore has to be an array of tables.")
    read = [_ignore(index, each) for index, each in enumerate(listed)]
    keys = ("tool", "sguild-codegen", "lint", "ignore")
    places = entry_places(Path(FILE), keys, len(read)) if read else []
    return tuple(Ignore(**texts, place=place) for texts, place in zip(read, places, strict=True))


def _ignore(index: int, value: object) -> dict[str, str]:
    where = f"{FILE}: {TABLE} lint.ignore, entry {index + 1}"
    texts: dict[str, str] = {}
    for key, text in as_table(value, where).items():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            meant = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(_KEYS)}."
            raise UsageError(f"{where} has no key {shown(key)}: {meant}")
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"{where}: {key} has to be a text that is not empty, not {shown(str(text))}.")
        texts[key] = text
    for key in ("rule", "reason"):
        if key not in texts:
            raise UsageError(f"{where} has no {key}: say what is ignored, and why.")
    texts["rule"] = _rule_id(texts["rule"], where)
    return texts


def _rule_id(rule: str, where: str) -> str:
    """Return the id of a rule that is named by its id or its name."""
    for id_, name in _NAMES.items():
        if rule in (id_, name):
            return id_
    near = get_close_matches(rule, (*_NAMES, *_NAMES.values()), n=1)
    meant = f'did you mean "{near[0]}"?' if near else "docs/linting.md lists the rules."
    raise UsageError(f"{where}: lint has no rule {shown(rule)}: {meant}")
