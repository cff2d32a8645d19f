import base64
import hashlib
import hmac
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sguild_dispatcher.errors import KeyringError, MissingKeyError, SignatureError
from sguild_dispatcher.signing import Algorithm, Key, Keyring, KeyState
from signing_kit import BODY, NOW, PRIVATE, PUBLIC, SECRET, StandingClock, ed25519_key, hmac_key

each_algorithm = pytest.mark.parametrize("algorithm", ["hmac-sha256", "ed25519"])


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([Key("sales-1", "sales", SECRET, "retired"), *Keyring.generate(["sales", "revenue"])])


@pytest.mark.parametrize("length", [24, 32, 63, 64])
@pytest.mark.parametrize("body", ["", BODY, BODY * 100])
def test_a_signature_is_hmac_sha256_over_the_exact_bytes(length: int, body: str) -> None:
    secret = bytes(range(200, 200 + 56)) + b"\0\x36\x5c\xff" * 2
    key = Key("sales-1", "sales", "whsec_" + base64.b64encode(secret[-length:]).decode())
    for _ in range(2):
        key_id, signature = Keyring([key]).sign("sales", body)
        assert key_id == "sales-1"
        assert (
            signature
            == "hmac-sha256:" + hmac.new(secret[-length:], body.encode(), hashlib.sha256).hexdigest()
        )


def test_a_signature_is_ed25519_over_the_exact_bytes() -> None:
    key_id, signature = Keyring([ed25519_key()]).sign("sales", BODY)
    algorithm, _, digits = signature.partition(":")
    assert (key_id, algorithm) == ("sales-e", "ed25519")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC.removeprefix("whpk_")))
    public.verify(bytes.fromhex(digits), BODY.encode())


@each_algorithm
def test_verifying_tells_the_domain_of_the_key(algorithm: Algorithm) -> None:
    keyring = Keyring.generate(["sales", "revenue"], algorithm=algorithm)
    for domain in ("sales", "revenue"):
        key_id, signature = keyring.sign(domain, BODY)
        assert keyring.verify(key_id, BODY.encode(), signature) == domain


def test_a_public_half_verifies_and_does_not_sign() -> None:
    key_id, signature = Keyring([ed25519_key()]).sign("sales", BODY)
    reader = Keyring([Key("sales-e", "sales", PUBLIC)])
    assert reader.verify(key_id, BODY, signature) == "sales"
    with pytest.raises(MissingKeyError, match="only the public half of 'sales-e', which sales signs with"):
        reader.sign("sales", BODY)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper(),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:-1],
        lambda text: text.partition(":")[2],
        lambda text: "hmac-sha1:" + text.partition(":")[2],
        lambda text: "ed25519:" + text.partition(":")[2] * 2,
        lambda text: "hmac-sha256:" + text.partition(":")[2][:64],
        lambda _: "",
        lambda text: text[:-1] + "é",
        lambda text: text[:-1] + "٣",
        lambda text: text[:-1] + "\ud800",
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
    ],
)
@each_algorithm
def test_any_other_text_is_no_signature(algorithm: Algorithm, change: object) -> None:
    assert callable(change)
    keyring = Keyring.generate(["sales"], algorithm=algorithm)
    key_id, signature = keyring.sign("sales", BODY)
    if change(signature) != signature:
        with pytest.raises(SignatureError):
            keyring.verify(key_id, BODY, change(signature))


def test_another_body_another_key_and_an_unknown_key_are_refused(keyring: Keyring) -> None:
    key_id, signature = keyring.sign("sales", BODY)
    with pytest.raises(SignatureError, match="does not match the body"):
        keyring.verify(key_id, BODY + " ", signature)
    with pytest.raises(SignatureError, match="does not match the body"):
        keyring.verify(keyring.active("revenue").id, BODY, signature)
    with pytest.raises(SignatureError, match="no key 'delivery-9'"):
        keyring.verify("delivery-9", BODY, signature)


def test_the_key_decides_the_algorithm_and_not_the_signature() -> None:
    public = Key("sales-e", "sales", PUBLIC)
    # Who takes a public key for a secret of HMAC lets everyone sign.
    forged = hmac.new(base64.b64decode(PUBLIC.removeprefix("whpk_")), BODY.encode(), "sha256").hexdigest()
    with pytest.raises(
        SignatureError, match="'sales-e' signs by ed25519, and the signature says hmac-sha256"
    ):
        Keyring([public]).verify("sales-e", BODY, f"hmac-sha256:{forged}")


def test_a_key_id_in_a_message_is_short_and_no_secret(keyring: Keyring) -> None:
    _, signature = keyring.sign("sales", BODY)
    with pytest.raises(SignatureError) as caught:
        keyring.verify("x" * 100_000, BODY, signature)
    assert len(str(caught.value)) < 200
    with pytest.raises(SignatureError) as caught:
        keyring.verify(SECRET, BODY, signature)
    assert SECRET not in str(caught.value)


def test_text_that_utf8_cannot_write_is_refused(keyring: Keyring) -> None:
    key_id, signature = keyring.sign("sales", BODY)
    with pytest.raises(SignatureError, match="half of a surrogate pair") as caught:
        keyring.verify(key_id, "\ud800", signature)
    assert caught.value.__context__ is None  # it would hold the body
    with pytest.raises(SignatureError, match="half of a surrogate pair"):
        keyring.sign("sales", "\ud800")


@pytest.mark.parametrize(
    ("state", "signs", "refusal"),
    [
        ("next", False, None),
        ("active", True, None),
        ("retired", False, None),
        ("revoked", False, "The key 'sales-1' was revoked: nothing that it signed is believed."),
    ],
)
def test_what_a_key_does_in_each_state(state: KeyState, signs: bool, refusal: str | None) -> None:
    _, signature = Keyring([hmac_key()]).sign("sales", BODY)
    keyring = Keyring([hmac_key(state=state)])
    if refusal is None:
        assert keyring.verify("sales-1", BODY, signature) == "sales"
    else:
        with pytest.raises(SignatureError) as caught:
            keyring.verify("sales-1", BODY, signature)
        assert str(caught.value) == refusal
    if signs:
        assert keyring.sign("sales", BODY) == ("sales-1", signature)
    else:
        with pytest.raises(MissingKeyError, match="sguild-dispatcher keys new sales --keyring FILE"):
            keyring.sign("sales", BODY)


def test_a_key_is_retired_until_a_time_and_not_a_moment_longer() -> None:
    _, signature = Keyring([hmac_key()]).sign("sales", BODY)
    clock = StandingClock(NOW - timedelta(microseconds=1))
    keyring = Keyring([hmac_key(state="retired", until=NOW)], clock=clock)
    assert keyring.verify("sales-1", BODY, signature) == "sales"
    clock.now = NOW
    with pytest.raises(SignatureError, match="'sales-1' was retired until 2026-05-01T12:00:00Z"):
        keyring.verify("sales-1", BODY, signature)


def test_a_revoked_key_has_no_secret() -> None:
    key = hmac_key(state="revoked")
    assert key.secret is None
    assert key == Key("sales-1", "sales", None, "revoked")
    assert not key.can_sign
    with pytest.raises(KeyringError, match="'sales-1' cannot sign"):
        key.sign(b"")


def test_who_is_believed_is_known() -> None:
    made = [Key.generate("sales", state=state) for state in ("next", "active", "retired", "revoked")]
    ending = Key.generate("sales").in_state("retired", until=NOW)
    clock = StandingClock(NOW - timedelta(seconds=1))
    keyring = Keyring([*made, ending, Key.generate("revenue")], clock=clock)
    assert keyring.verifying("sales") == [*made[:3], ending] == keyring.replacing().verifying("sales")
    clock.now = NOW
    assert keyring.verifying("sales") == made[:3]


def test_only_a_retired_key_has_an_end_and_it_is_aware() -> None:
    with pytest.raises(KeyringError, match="'sales-1' is active: only a retired key has a time in until"):
        hmac_key(until=NOW)
    with pytest.raises(KeyringError, match="until of key 'sales-1' must be aware"):
        hmac_key(state="retired", until=NOW.replace(tzinfo=None))
    assert hmac_key(state="retired", until=datetime(2026, 5, 1, 12, 0, 0, 5, UTC)).until == NOW


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        "whsec_whsec_" + SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        SECRET + "\n",
        SECRET[:10] + "!" + SECRET[10:],
        "whsec_" + base64.b64encode(b"x" * 25).decode().rstrip("="),
        "whsec_" + base64.b64encode(b"x" * 25).decode().replace("eA==", "eB=="),
        "whsec_é" + SECRET[7:],
        "whsec_" + PRIVATE.removeprefix("whsk_") + "AAAA",
        "whsk_" + SECRET.removeprefix("whsec_"),
        "whsk_" + base64.b64encode(b"x" * 64).decode(),  # the public half is not that of the seed
        "whsk_" + base64.b64encode(b"x" * 32).decode(),
    ],
)
def test_a_malformed_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(KeyringError, match="The secret of key 'sales-1' must be whsec_") as caught:
        Key("sales-1", "sales", secret)
    shown = str(caught.value)
    assert len(secret) < len("whsec_x") or secret not in shown


@pytest.mark.parametrize("public", [PUBLIC[:-2], PUBLIC + "\n", "whpk_", "whpk_AAAA"])
def test_a_malformed_public_key_is_refused(public: str) -> None:
    with pytest.raises(KeyringError, match="The public key of key 'sales-1' must be whpk_ followed by"):
        Key("sales-1", "sales", public)


@pytest.mark.parametrize(
    ("id_", "domain"),
    [("sales.1", "sales"), ("", "sales"), ("sales-1", "Sales"), ("sales-1\n", "sales"), ("x" * 64, "sales")],
)
def test_ids_and_domains_have_a_strict_grammar(id_: str, domain: str) -> None:
    with pytest.raises(KeyringError, match="must be at most 63 lower-case letters"):
        Key(id_, domain, SECRET)


def test_an_id_names_one_key_and_a_domain_has_one_active_key() -> None:
    key = hmac_key()
    with pytest.raises(KeyringError, match="'sales-1' occurs twice"):
        Keyring([key, key])
    with pytest.raises(KeyringError, match="sales has two active keys"):
        Keyring([key, Key.generate("sales")])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (hmac_key("sales", "sales-1"), hmac_key("revenue", "revenue-1")),
        (ed25519_key("sales", "sales-1"), Key("revenue-1", "revenue", PUBLIC)),
    ],
)
def test_two_keys_cannot_have_one_secret(first: Key, second: Key) -> None:
    with pytest.raises(KeyringError, match="'sales-1' and 'revenue-1' have one secret"):
        Keyring([first, second])


def test_cryptography_is_imported_only_for_its_keys() -> None:
    program = (
        "import sys; from sguild_dispatcher import Key, Keyring; import sguild_dispatcher.webhooks;"
        "Keyring.generate(['sales']).sign('sales', b'');"
        "assert 'cryptography' not in sys.modules;"
        f"Key('sales-1', 'sales', {PUBLIC!r});"
        "assert 'cryptography' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_cryptography_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)  # as if it were not installed
    with pytest.raises(KeyringError, match=r"pip install 'sguild-dispatcher\[ed25519\]'"):
        Key("sales-1", "sales", PRIVATE)
    with pytest.raises(KeyringError, match=r"pip install 'sguild-dispatcher\[ed25519\]'"):
        Key.generate("sales", algorithm="ed25519")
