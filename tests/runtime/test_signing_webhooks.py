import base64
import hmac
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from sguild_dispatcher.errors import MissingKeyError, SignatureError
from sguild_dispatcher.signing import Key, Keyring
from sguild_dispatcher.webhooks import MOST_SIGNATURES, VerifiedWebhook, Webhooks
from signing_kit import BODY, NOW, PUBLIC, SECRET, StandingClock, ed25519_key, hmac_key

# The vectors of Standard Webhooks, for HMAC-SHA256 and for Ed25519.
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIME = datetime.fromtimestamp(1614265330, UTC)
BY_HMAC = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BY_ED25519 = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def webhooks(*keys: Key, at: datetime = TIME) -> Webhooks:
    clock = StandingClock(at)
    return Webhooks(Keyring(keys, clock=clock), "sales", clock=clock)


def headers(signature: str = BY_HMAC, **changed: str) -> dict[str, str]:
    named = {f"webhook-{name}": value for name, value in changed.items()}
    return {"webhook-id": ID, "webhook-timestamp": "1614265330", "webhook-signature": signature, **named}


def refusal(given: Any, body: bytes | str = BODY, *, by: Webhooks | None = None) -> str:
    with pytest.raises(SignatureError) as caught:
        (by or webhooks(hmac_key())).verify(given, body)
    return str(caught.value)


@pytest.mark.parametrize(("key", "signature"), [(hmac_key(), BY_HMAC), (ed25519_key(), BY_ED25519)])
def test_the_published_vectors(key: Key, signature: str) -> None:
    assert webhooks(key).sign(ID, BODY) == headers(signature)
    assert webhooks(key).verify(headers(signature), BODY.encode()) == VerifiedWebhook(ID, TIME, key.id)


def test_a_public_half_verifies_and_does_not_sign() -> None:
    reader = webhooks(Key("partner-1", "sales", PUBLIC))
    assert reader.verify(headers(BY_ED25519), BODY).key_id == "partner-1"
    with pytest.raises(MissingKeyError, match="only the public half"):
        reader.sign(ID, BODY)


def test_names_of_headers_have_no_case() -> None:
    given = {name.title(): value for name, value in headers().items()}
    assert webhooks(hmac_key()).verify(MappingProxyType(given), BODY).webhook_id == ID
    assert "webhook-id occurs twice" in refusal({**headers(), "Webhook-Id": ID})


def test_headers_may_be_bytes_as_those_of_asgi() -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers().items()]
    for given in (pairs, dict(pairs), {name.decode(): value for name, value in pairs}):
        assert webhooks(hmac_key()).verify(given, BODY).webhook_id == ID
    assert "webhook-id occurs twice" in refusal([*pairs, pairs[0]])
    assert "The webhook-id must be 1 to 255" in refusal({**headers(), "webhook-id": b"\xff"})


@pytest.mark.parametrize(
    ("given", "body", "sentence"),
    [
        (headers(), None, "The body must be bytes or text, and is NoneType."),
        (headers(), 7, "The body must be bytes or text, and is int."),
        (
            {**headers(), "webhook-id": None},
            BODY,
            "of headers must be text or bytes, not NoneType.",
        ),
        ({**headers(), "webhook-id": [ID]}, BODY, "must be text or bytes, not list."),
        ([(7, "")], BODY, "must be text or bytes, not int."),
        (None, BODY, "Headers must be a mapping, or pairs, and are NoneType."),
        ([ID], BODY, "Headers must be a mapping, or pairs, and are list."),
        ({}, BODY, "The message has no header webhook-id, webhook-timestamp, webhook-signature"),
    ],
)
def test_whatever_comes_from_outside_is_one_kind_of_error(given: Any, body: Any, sentence: str) -> None:
    assert sentence in refusal(given, body)


def test_one_signature_of_several_is_enough_and_unknown_versions_are_passed_over() -> None:
    other = Key.generate("sales")
    [foreign] = [webhooks(other).sign(ID, BODY)["webhook-signature"]]
    for value in (f"{foreign} {BY_HMAC}", f"{BY_HMAC} {foreign}", f"v2,AAAA {BY_ED25519} {BY_HMAC}"):
        assert webhooks(hmac_key()).verify(headers(value), BODY).key_id == "sales-1"
    assert "No signature of the message is by a key of sales" in refusal(headers(foreign))
    assert "No signature of the message" in refusal(headers("v2," + BY_HMAC.removeprefix("v1,")))


def test_a_version_is_for_one_algorithm() -> None:
    """A public key must not serve as a secret of HMAC."""
    content = f"{ID}.1614265330.{BODY}".encode()
    forged = hmac.digest(base64.b64decode(PUBLIC.removeprefix("whpk_")), content, "sha256")
    reader = webhooks(Key("partner-1", "sales", PUBLIC))
    for version in ("v1", "v1a"):
        assert "No signature" in refusal(headers(f"{version},{base64.b64encode(forged).decode()}"), by=reader)


def test_the_key_before_signs_too_until_its_time() -> None:
    until = TIME + timedelta(hours=1)
    new = Key.generate("sales", algorithm="ed25519")
    rotating = [hmac_key(state="retired", until=until), new, Key.generate("sales", state="next")]
    during = webhooks(*rotating).sign(ID, BODY)
    assert during["webhook-signature"].split()[1] == BY_HMAC
    assert webhooks(hmac_key()).verify(during, BODY).key_id == "sales-1"
    assert webhooks(new).verify(during, BODY).key_id == new.id
    after = webhooks(*rotating, at=until).sign(ID, BODY)
    assert len(after["webhook-signature"].split()) == 1
    assert webhooks(new, at=until).verify(after, BODY).key_id == new.id


@pytest.mark.parametrize("state", ["next", "active", "retired", "revoked"])
def test_states_mean_the_same_as_in_the_log(state: str) -> None:
    reader = webhooks(hmac_key(state=state))
    if state == "revoked":
        assert "No signature" in refusal(headers(), by=reader)
    else:
        assert reader.verify(headers(), BODY).key_id == "sales-1"


def test_a_retired_key_is_believed_until_its_time() -> None:
    key = hmac_key(state="retired", until=TIME)
    assert "No signature" in refusal(headers(), by=webhooks(key))
    assert webhooks(key, at=TIME - timedelta(seconds=1)).verify(headers(), BODY).key_id == "sales-1"


@pytest.mark.parametrize("ahead", [-1, 1])
def test_a_message_is_believed_for_five_minutes(ahead: int) -> None:
    limit = timedelta(minutes=5) * ahead
    assert webhooks(hmac_key(), at=TIME + limit).verify(headers(), BODY).sent_at == TIME
    late = webhooks(hmac_key(), at=TIME + limit + timedelta(seconds=ahead))
    assert "1614265330 is more than 0:05:00 from now" in refusal(headers(), by=late)


def test_the_tolerance_can_be_chosen() -> None:
    clock = StandingClock(NOW)
    patient = Webhooks(Keyring([hmac_key()]), "sales", tolerance=timedelta(days=9999), clock=clock)
    assert patient.verify(headers(), BODY).webhook_id == ID


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(name: str) -> None:
    given = headers()
    del given[name]
    assert refusal(given) == f"The message has no header {name}: it is not signed."


@pytest.mark.parametrize("text", ["", "m.1", "m 1", "m\n", "é", "x" * 256, ID + "\ud800"])
def test_an_id_has_a_strict_grammar(text: str) -> None:
    assert "webhook-id must be 1 to 255 letters" in refusal(headers(id=text))
    with pytest.raises(SignatureError, match="webhook-id must be 1 to 255 letters"):
        webhooks(hmac_key()).sign(text, BODY)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1.614265330e9", "1614265330.0", "+1614265330", "-1614265330", " 1614265330", "1614265330\n"),
        *(
            "01614265330",
            "1_614_265_330",
            "0x6037bb72",
            "161426533\u0660",
            "١٦١٤٢٦٥٣٣٠",
            "nan",
            "inf",
            "9" * 12,
        ),
    ],
)
def test_a_timestamp_has_a_strict_grammar(text: str) -> None:
    assert "webhook-timestamp must be whole seconds" in refusal(headers(timestamp=text))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "v1", "v1,", ",", BY_HMAC[3:], "V1" + BY_HMAC[2:], BY_HMAC[:-1], BY_HMAC + "="),
        *(BY_HMAC + "\n", BY_HMAC + " ", " " + BY_HMAC, BY_HMAC + "  " + BY_HMAC, BY_HMAC + "," + BY_HMAC),
        *(BY_HMAC[:10] + "!" + BY_HMAC[10:], BY_HMAC[:10] + "\n" + BY_HMAC[10:]),
        *(BY_HMAC.replace("+", "-").replace("/", "_"), BY_HMAC[:-2] + "F=", BY_HMAC[:-1] + "é"),
        *(f"{BY_HMAC} v1", f"v1 {BY_HMAC}", f"{BY_HMAC} é"),
    ],
)
def test_signatures_have_a_strict_grammar(text: str) -> None:
    assert "webhook-signature must be signatures such as v1,BASE64" in refusal(headers(text))


def test_there_is_a_limit_to_what_a_header_may_cost() -> None:
    foreign = "v1," + base64.b64encode(b"x" * 32).decode()
    most = " ".join([foreign] * (MOST_SIGNATURES - 1) + [BY_HMAC])
    assert webhooks(hmac_key()).verify(headers(most), BODY).webhook_id == ID
    assert "more than 10 signatures" in refusal(headers(f"{foreign} {most}"))


def test_a_dot_does_not_move_between_id_timestamp_and_body() -> None:
    """The reference library believes both ``m`` with ``TS.{}`` and ``m.TS`` with ``{}``."""
    sent = webhooks(hmac_key()).sign("m", f"1614265330.{BODY}")
    moved = {**sent, "webhook-id": "m.1614265330"}
    assert "webhook-id must be" in refusal(moved)


def test_text_that_utf8_cannot_write_is_refused() -> None:
    assert "half of a surrogate pair" in refusal(headers(), "\ud800")


def test_a_body_need_not_be_text() -> None:
    sent = webhooks(hmac_key()).sign(ID, b"\xff\x00")
    assert webhooks(hmac_key()).verify(sent, b"\xff\x00").webhook_id == ID


def test_keys_of_other_domains_are_not_believed() -> None:
    assert "No signature" in refusal(headers(), by=webhooks(hmac_key("revenue")))


def test_the_time_of_a_message_is_a_whole_second() -> None:
    at = TIME + timedelta(microseconds=999_999)
    assert webhooks(hmac_key(), at=at).sign(ID, BODY)["webhook-timestamp"] == "1614265330"
    assert SECRET not in repr(webhooks(hmac_key()))
