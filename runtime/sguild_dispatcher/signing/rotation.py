"""How the keys of a domain follow one another without a stop.

A new key comes as ``next``: it is given to every process that verifies, and signs nothing yet. Once all
have it, it becomes active, and the one before it is retired: it goes on verifying what waits.
"""

from collections.abc import Collection
from datetime import datetime

from sguild_dispatcher.errors import KeyringError
from sguild_dispatcher.signing.keyring import Keyring
from sguild_dispatcher.signing.keys import Key, KeyState, timestamp


def state_of_new(keyring: Keyring, domain: str) -> KeyState:
    """Return the state of a new key: active if the domain signs with none yet, else next."""
    signing = any(key.domain == domain and key.state == "active" for key in keyring)
    return "next" if signing else "active"


def rotate(keyring: Keyring, domain: str, *, until: datetime | None = None) -> Keyring:
    """Let the domain's next key become active; the one before it is retired, until a time if one is given.

    Raises:
        KeyringError: it has no next key, or several; or the time has passed.
    """
    waiting = [key for key in keyring if key.domain == domain and key.state == "next"]
    if not waiting:
        raise KeyringError(
            f"{domain} has no next key: make one with `sguild-dispatcher keys new {domain}`, give the "
            "keyring to all that verify, and rotate then."
        )
    if len(waiting) > 1:
        raise KeyringError(
            f"{domain} has several next keys, {', '.join(key.id for key in waiting)}: "
            "choose one with `sguild-dispatcher keys activate KEY`."
        )
    return activate(keyring, waiting[0].id, until=until)


def activate(keyring: Keyring, key_id: str, *, until: datetime | None = None) -> Keyring:
    """Let a key become active; the one before it is retired, until a time if one is given.

    Raises:
        KeyringError: there is no such key, it is revoked or active, or the time has passed.
    """
    chosen = keyring.key(key_id)
    if chosen.state == "active":
        raise KeyringError(f"The key {key_id!r} is active already.")
    before = [key for key in keyring if key.domain == chosen.domain and key.state == "active"]
    _refuse_past(keyring, until)
    return keyring.replacing(
        *(key.in_state("retired", until=until) for key in before), chosen.in_state("active")
    )


def retire(keyring: Keyring, key_id: str, *, until: datetime | None = None) -> Keyring:
    """Let a key sign no more; it verifies for ever, or until a time.

    Raises:
        KeyringError: there is no such key, it is revoked, or the time has passed.
    """
    _refuse_past(keyring, until)
    return keyring.replacing(keyring.key(key_id).in_state("retired", until=until))


def revoke(keyring: Keyring, key_id: str) -> Keyring:
    """Let nothing be believed that a key signed, for ever; its secret is dropped from the keyring.

    Raises:
        KeyringError: there is no such key.
    """
    return keyring.replacing(keyring.key(key_id).in_state("revoked"))


def public_halves(keyring: Keyring, domains: Collection[str] = ()) -> tuple[list[Key], list[Key]]:
    """Return what can be given away of the domains' keys (of all by default), and the keys that cannot."""
    chosen = [key for key in keyring if not domains or key.domain in domains]
    halves = {key.id: key.public_half() for key in chosen}
    given = [half for half in halves.values() if half is not None]
    return given, [key for key in chosen if halves[key.id] is None]


def take_over(keyring: Keyring, domain: str, published: Keyring) -> Keyring:
    """Return the keyring with the public keys that ``domain`` published, and their states.

    Keys of other domains are left alone: whoever publishes for one domain says nothing about another.

    Raises:
        KeyringError: nothing was published for the domain, or an id is that of another key here.
    """
    given, _ = public_halves(published, {domain})
    if not given:
        raise KeyringError(f"There is no public key of {domain}: export it where {domain} signs.")
    known = {key.id: key for key in keyring}
    # A state is set for all at once: halfway there might be two active keys.
    return keyring.replacing(*(_merged(known.get(half.id), half) for half in given))


def _merged(here: Key | None, half: Key) -> Key:
    if here is None or half.state == "revoked":
        return half
    public = here.public_half()
    same = public is not None and (here.domain, public.secret) == (half.domain, half.secret)
    if not same:
        raise KeyringError(
            f"The key {half.id!r} that was published is another one than here, or revoked here: "
            "ask whoever published it."
        )
    return here.in_state(half.state, until=half.until)


def _refuse_past(keyring: Keyring, until: datetime | None) -> None:
    if until is not None and until <= keyring.clock():
        raise KeyringError(
            f"{timestamp(until)} has passed: choose a later time, or revoke the key to end it now."
        )
