"""No secret is shown: by no repr, error, log, pickle or copy, nor by a traceback with its variables."""

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sguild_dispatcher.errors import DispatcherError, KeyringError
from sguild_dispatcher.signing import Key, Keyring
from sguild_dispatcher.signing.secret import Secret
from signing_kit import BODY, PRIVATE, SECRET, ed25519_key, hmac_key

# Any part of a secret is one: base64 may stand without its prefix.
PARTS = (SECRET[6:], PRIVATE[5:], SECRET[6:20], PRIVATE[5:20])
WRONG = SECRET + "!"


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([hmac_key(), ed25519_key("revenue")])


def assert_hidden(text: str) -> None:
    assert not [part for part in PARTS if part in text]
    assert "\\xdeBZK" not in text


def objects(keyring: Keyring) -> Iterator[object]:
    yield keyring
    for key in keyring:
        yield from (key, key.secret, key.material, key.sign, dataclasses.asdict(key))


def test_nothing_shows_a_secret(keyring: Keyring, caplog: pytest.LogCaptureFixture) -> None:
    for each in objects(keyring):
        for text in (repr(each), str(each), f"{each}", f"{each!s:>10}", repr([each]), repr({"k": each})):
            assert_hidden(text)
        logging.getLogger("test").warning("the object %s", each, extra={"object": each})
    assert len(caplog.records) == len(list(objects(keyring)))
    assert_hidden(caplog.text)
    assert "sales-1" in caplog.text


def test_nothing_has_its_secret_among_its_variables(keyring: Keyring) -> None:
    for each in objects(keyring):
        if not isinstance(each, dict) and not callable(each):
            with pytest.raises(TypeError):
                vars(each)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_pickled(keyring: Keyring, protocol: int) -> None:
    for each in objects(keyring):
        with pytest.raises(TypeError):
            pickle.dumps(each, protocol)


def test_a_copy_is_the_object_itself(keyring: Keyring) -> None:
    for each in (keyring, *keyring, hmac_key().secret):
        assert copy.copy(each) is each
        assert copy.deepcopy(each) is each


def test_json_does_not_write_a_secret(keyring: Keyring) -> None:
    with pytest.raises(TypeError):
        json.dumps([dataclasses.asdict(key)["secret"] for key in keyring])


def test_secrets_are_compared_and_revealed_only_on_purpose() -> None:
    assert Secret(SECRET) == Secret(SECRET) != Secret(PRIVATE)
    assert Secret(SECRET) != SECRET
    assert len({Secret(SECRET), Secret(SECRET)}) == 1
    assert Secret(SECRET).reveal() == SECRET


def _file(text: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        path = folder / "keys.json"
        path.write_text(text, encoding="utf-8")
        return Keyring.from_file(path)

    return read


def _entries(*entries: dict[str, str]) -> Callable[[Path], object]:
    return _file(json.dumps({"keys": entries}))


NAMES = {"id": "sales-1", "domain": "sales", "state": "active"}
MISTAKES: dict[str, Callable[[Path], object]] = {
    "malformed secret": lambda _: Key("sales-1", "sales", WRONG),
    "malformed private key": lambda _: Key("sales-1", "sales", PRIVATE[:-4]),
    "secret as a keyword": lambda _: Key(id="sales-1", domain="sales", secret=WRONG),
    "malformed id": lambda _: Key("Sales", "sales", SECRET),
    "one secret twice": lambda _: Keyring([hmac_key(), hmac_key(name="sales-2", state="retired")]),
    "altered body": lambda _: Keyring([hmac_key()]).verify("sales-1", BODY, "hmac-sha256:" + "0" * 64),
    "written nowhere": lambda folder: Keyring([hmac_key()]).to_file(folder / "no" / "keys.json"),
    "written over a folder": lambda folder: Keyring([hmac_key()]).to_file(folder),
    "not JSON": _file('{"keys": [{"secret": "' + SECRET + '",'),
    "not UTF-8": lambda folder: (
        (folder / "k").write_bytes(b"\xff" + SECRET.encode()),
        Keyring.from_file(folder / "k"),
    ),
    "nested too deeply": _file('{"secret": "' + SECRET + '", "keys": ' + "[" * 100_000),
    "a bare secret": _file(json.dumps(SECRET)),
    "a list of secrets": _file(json.dumps({"keys": [[SECRET], PRIVATE]})),
    "malformed in a file": _entries({**NAMES, "secret": WRONG}),
    "no secret at all": _entries({**NAMES, "secret": SECRET[6:]}),
    "under another name": _entries({**NAMES, "sceret": SECRET}),
    "as the state": _entries({**NAMES, "secret": SECRET, "state": SECRET}),
    "as the public key": _entries({**NAMES, "public_key": PRIVATE}),
    "as the name of a variable": _entries({**NAMES, "secret_env": SECRET}),
    "as the name of a file": _entries({**NAMES, "secret_file": SECRET}),
    "twice": _file('{"keys": [{"secret": "' + SECRET + '", "secret": "' + PRIVATE + '"}]}'),
    "malformed in a variable": _entries({**NAMES, "secret_env": "WRONG"}),
    "two active keys": _entries({**NAMES, "secret": SECRET}, {**NAMES, "id": "b", "secret": PRIVATE}),
}

# Who gives a secret for something else has it shown by the variables of every function that it comes to.
MISPLACED: dict[str, Callable[[], object]] = {
    "secret as an id": lambda: Key(SECRET, "sales", SECRET),
    "secret as a domain": lambda: Key("sales-1", PRIVATE, SECRET),
    "wrong state": lambda: Key("sales-1", "sales", SECRET, SECRET),  # type: ignore[arg-type]
    "no such key": lambda: Keyring([hmac_key()]).key(PRIVATE),
    "unknown key": lambda: Keyring([hmac_key()]).verify(SECRET, BODY, "ed25519:" + "0" * 128),
}


@pytest.mark.parametrize("mistake", MISPLACED.values(), ids=MISPLACED.keys())
def test_a_secret_in_the_place_of_something_else_is_not_repeated(mistake: Callable[[], object]) -> None:
    with pytest.raises(DispatcherError) as caught:
        mistake()
    assert_hidden(str(caught.value))
    # Its variables do show it; but what is half made must not stop the report.
    traceback.TracebackException.from_exception(caught.value, capture_locals=True)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_an_error_and_its_traceback_show_no_secret(
    mistake: Callable[[Path], object],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WRONG", WRONG)
    with pytest.raises(DispatcherError) as caught:
        mistake(tmp_path)
    error = caught.value
    assert_hidden(str(error))
    assert_hidden("".join(traceback.format_exception(error)))
    assert_hidden(repr(error.args))
    for each in chain(error):
        assert_hidden(repr(vars(each)))
        assert_hidden("".join(_variables(each)))
        assert not hasattr(each, "doc")  # the whole text, of a JSON error
        assert not hasattr(each, "object")  # the same, of a decoding error
    logging.getLogger("test").error("refused", exc_info=error)
    assert_hidden(caplog.text)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it keeps, also what a traceback would leave out."""
    yield error
    for each in (error.__cause__, error.__context__):
        if each is not None:
            yield from chain(each)


def _variables(error: BaseException) -> Iterator[str]:
    """What error reporters send: the variables of each of our functions on the way."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "sguild_dispatcher" in frame.f_code.co_filename or "/json/" in frame.f_code.co_filename:
            yield from (f"{name}={value!r}\n" for name, value in frame.f_locals.items())


def test_what_looks_at_tracebacks_would_find_a_secret() -> None:
    def careless(secret: str) -> None:
        raise KeyringError(f"{len(secret)} characters")

    careless.__code__ = careless.__code__.replace(co_filename="sguild_dispatcher/careless.py")
    with pytest.raises(KeyringError) as caught:
        careless(SECRET)
    with pytest.raises(AssertionError):
        assert_hidden("".join(_variables(caught.value)))
