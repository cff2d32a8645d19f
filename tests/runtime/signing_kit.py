"""What the tests of signing share: keys that are published as test vectors, and a clock that stands."""

from datetime import UTC, datetime

from sguild_dispatcher.signing import Key

# The vectors of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - published
PRIVATE = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
BODY = '{"test": 2432232314}'

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class StandingClock:
    """A clock that tests set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def hmac_key(domain: str = "sales", name: str = "sales-1", **parts: object) -> Key:
    """Return the published key of HMAC-SHA256."""
    return Key(name, domain, SECRET, **parts)  # type: ignore[arg-type]


def ed25519_key(domain: str = "sales", name: str = "sales-e", **parts: object) -> Key:
    """Return the published pair of Ed25519."""
    return Key(name, domain, PRIVATE, **parts)  # type: ignore[arg-type]
