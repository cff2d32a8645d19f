import base64
import hashlib
import hmac
import json
import pickle
import stat
from pathlib import Path

import pytest

from sguild_dispatcher.errors import KeyringError, MissingKeyError, SignatureError
from sguild_dispatcher.signing import Key, Keyring

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the test vector of Standard Webhooks
BODY = '{"test": 2432232314}'


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([Key("sales-1", "sales", SECRET, "retired"), *Keyring.generate(["sales", "revenue"])])


def test_a_signature_is_hmac_sha256_over_the_exact_bytes() -> None:
    key_id, signature = Keyring([Key("sales-1", "sales", SECRET)]).sign("sales", BODY)
    secret = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert key_id == "sales-1"
    assert signature == "hmac-sha256:" + hmac.new(secret, BODY.encode(), hashlib.sha256).hexdigest()


def test_verifying_tells_the_domain_of_the_key(keyring: Keyring) -> None:
    for domain in ("sales", "revenue"):
        key_id, signature = keyring.sign(domain, BODY)
        assert keyring.verify(key_id, BODY.encode(), signature) == domain


def test_a_retired_key_verifies_and_does_not_sign(keyring: Keyring) -> None:
    _, signature = Keyring([Key("sales-1", "sales", SECRET)]).sign("sales", BODY)
    assert keyring.verify("sales-1", BODY, signature) == "sales"
    assert keyring.sign("sales", BODY)[0] != "sales-1"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper(),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:-1],
        lambda text: text.removeprefix("hmac-sha256:"),
        lambda text: text.replace("hmac-sha256:", "hmac-sha1:"),
        lambda _: "",
        lambda text: text[:-1] + "é",
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
    ],
)
def test_any_other_text_is_no_signature(keyring: Keyring, change: object) -> None:
    assert callable(change)
    key_id, signature = keyring.sign("sales", BODY)
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


def test_a_domain_without_an_active_key_cannot_sign() -> None:
    command = "sguild-dispatcher keys new sales --keyring FILE"
    with pytest.raises(MissingKeyError, match=command):
        Keyring([Key("sales-1", "sales", SECRET, "retired")]).sign("sales", BODY)


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
        "whsec_é" + SECRET[7:],
    ],
)
def test_a_malformed_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(KeyringError, match="The secret of key 'sales-1' must be whsec_") as caught:
        Key("sales-1", "sales", secret)
    shown = str(caught.value)
    assert len(secret) < len("whsec_x") or secret not in shown


@pytest.mark.parametrize(("id_", "domain"), [("sales.1", "sales"), ("", "sales"), ("sales-1", "Sales")])
def test_ids_and_domains_have_a_strict_grammar(id_: str, domain: str) -> None:
    with pytest.raises(KeyringError, match="must be lower-case letters"):
        Key(id_, domain, SECRET)


def test_secrets_are_not_shown(keyring: Keyring) -> None:
    for shown in (repr(keyring), str(keyring), repr(next(iter(keyring)))):
        assert "sales-1" in shown
        assert "whsec_" not in shown


def test_an_id_names_one_key_and_a_domain_has_one_active_key() -> None:
    key = Key("sales-1", "sales", SECRET)
    with pytest.raises(KeyringError, match="'sales-1' occurs twice"):
        Keyring([key, key])
    with pytest.raises(KeyringError, match="sales has two active keys"):
        Keyring([key, Key("sales-2", "sales", SECRET)])


def test_a_new_key_retires_the_old_ones(keyring: Keyring) -> None:
    before = keyring.active("sales")
    after = keyring.with_new_key("sales")
    assert {key.id: key.state for key in after}[before.id] == "retired"
    assert after.active("sales").id != before.id
    assert after.active("revenue") == keyring.active("revenue")


def test_a_file_keeps_everything_and_is_its_owners_alone(keyring: Keyring, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{}")
    path.chmod(0o644)
    keyring.to_file(path)
    assert list(Keyring.from_file(path)) == list(keyring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "It is not JSON: Expecting value in line 1"),
        ("[]", "It must be an object"),
        ('{"keys": [], "x": 1}', "It must be an object"),
        ('{"keys": 5}', "It must be an object"),
        ('{"keys": [5]}', "/keys/0 must be an object of the strings id, domain, secret, state"),
        ('{"keys": [], "keys": []}', "'keys' occurs twice"),
        (json.dumps({"keys": [{"id": "a", "domain": "sales", "secret": SECRET}]}), "/keys/0 must be"),
        (
            json.dumps({"keys": [{"id": "a", "domain": "sales", "secret": SECRET, "state": "new"}]}),
            "The state of key 'a' is 'new'",
        ),
    ],
)
def test_a_file_that_is_no_keyring_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeyringError) as caught:
        Keyring.from_file(path)
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError, match="keys new DOMAIN --keyring"):
        Keyring.from_file(tmp_path / "none.json")
    with pytest.raises(KeyringError, match="cannot be read"):
        Keyring.from_file(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(KeyringError, match="cannot be read"):
        Keyring.from_file(tmp_path / "binary")
    with pytest.raises(KeyringError, match="cannot be written"):
        Keyring([]).to_file(tmp_path / "no" / "such" / "folder.json")


def test_keys_survive_pickling() -> None:
    key = Key("sales-1", "sales", SECRET)
    assert pickle.loads(pickle.dumps(key)) == key  # noqa: S301 - our own bytes
