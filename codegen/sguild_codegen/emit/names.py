"""The one place that decides what things are called in generated code."""

import keyword
import re
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z0-9]+")


def pascal(text: str) -> str:
    """Return ``credit.released`` as ``CreditReleased``: the words of ``text``, capitalised and joined."""
    return "".join(word[0].upper() + word[1:] for word in _WORD.findall(text))


def snake(text: str) -> str:
    """Return ``lead.stage.changed`` as ``lead_stage_changed``, safe as a module or function name."""
    name = "_".join(_WORD.findall(text)).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def payload_class(event_type: str, version: int) -> str:
    """Return the class of one version of a payload: ``CreditReleasedV2``."""
    return f"{pascal(event_type)}V{version}"


def received_class(exact: str) -> str:
    """Return the class of what a handler receives in place of ``exact``: ``ReceivedCreditReleasedV2``."""
    return f"Received{exact}"


def id_class(entity: str) -> str:
    """Return the class of an entity's ids: ``credit_reservation`` → ``CreditReservationId``."""
    return f"{pascal(entity)}Id"


def distribution(package: str) -> str:
    """Return the distribution's name for a package: ``sguild_contracts`` → ``sguild-contracts``."""
    return package.replace("_", "-")
