from pathlib import Path

import pytest

from sguild_dispatcher.errors import MissingKeyError, SettingsError
from sguild_dispatcher.settings import Settings

PASSWORD = "s3cret"  # noqa: S105 - what must never be shown


def complaint(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"SGUILD_DISPATCHER_{name}": text for name, text in environ.items()})
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({"PATH": "/bin", "SGUILD_DISPATCHER_DSN": ""}) == Settings()
    assert Settings().max_body_bytes == 262_144
    assert Settings().emission == "enforce"


def test_every_setting_is_read() -> None:
    settings = Settings.from_environment(
        {
            "SGUILD_DISPATCHER_DSN": "postgresql://app@db/events",
            "SGUILD_DISPATCHER_TENANT_ID": "t-1",
            "SGUILD_DISPATCHER_KEYRING": "/run/keys.json",
            "SGUILD_DISPATCHER_EMISSION": "warn",
            "SGUILD_DISPATCHER_MAX_BODY_BYTES": "1000",
            "SGUILD_DISPATCHER_POLL_INTERVAL": "1.5",
            "SGUILD_DISPATCHER_BATCH_SIZE": "10",
            "SGUILD_DISPATCHER_MAX_ATTEMPTS": "3",
            "SGUILD_DISPATCHER_BACKOFF_BASE": "2",
            "SGUILD_DISPATCHER_BACKOFF_CAP": "60",
            "SGUILD_DISPATCHER_TEST_DSN": "postgresql://read-by-the-testing-package/",
        }
    )
    assert settings == Settings(
        dsn="postgresql://app@db/events",
        tenant_id="t-1",
        keyring=Path("/run/keys.json"),
        emission="warn",
        max_body_bytes=1000,
        poll_interval=1.5,
        batch_size=10,
        max_attempts=3,
        backoff_base=2.0,
        backoff_cap=60.0,
    )


def test_all_mistakes_are_reported_at_once() -> None:
    message = complaint(EMISSION="off", BATCH_SIZE="0", POLL_INTERVAL="-1", BATCHSIZE="3", ODD="x")
    assert message.splitlines() == [
        "Wrong settings:",
        "  SGUILD_DISPATCHER_EMISSION is 'off', but must be enforce or warn.",
        "  SGUILD_DISPATCHER_POLL_INTERVAL is '-1', but must be a number of seconds above 0, such as 0.2.",
        "  SGUILD_DISPATCHER_BATCH_SIZE is '0', but must be a number of events, 1 or more.",
        "  SGUILD_DISPATCHER_BATCHSIZE is no setting; SGUILD_DISPATCHER_BATCH_SIZE is, if you mean that.",
        message.splitlines()[5],
    ]
    assert "SGUILD_DISPATCHER_ODD is no setting" in message


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://app:{PASSWORD}@db/events",
        f"host=db password={PASSWORD}",
        f"postgresql://app@db/e v?password={PASSWORD}",
        f"postgresql://app:{PASSWORD}@db/ x",
        f"host=db password='{PASSWORD} {PASSWORD}'",
        f"postgres//app:{PASSWORD}@db",
        PASSWORD,
    ],
)
def test_a_wrong_dsn_is_reported_without_its_password(text: str) -> None:
    assert "SGUILD_DISPATCHER_DSN" in complaint(DSN=text)


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://app:{PASSWORD}@db/events",
        f"postgresql://app:{PASSWORD}:@{PASSWORD}@db/events",
        f"postgresql://db/events?user=app&password={PASSWORD}&sslpassword={PASSWORD}",
    ],
)
def test_settings_show_no_password(dsn: str) -> None:
    shown = repr(Settings(dsn=dsn, tenant_id="t-1"))
    assert PASSWORD not in shown
    assert "tenant_id='t-1'" in shown


def test_what_is_missing_is_an_error_when_it_is_needed() -> None:
    with pytest.raises(SettingsError, match=r"set SGUILD_DISPATCHER_DSN to postgresql://"):
        Settings().require_dsn()
    with pytest.raises(MissingKeyError, match=r"sguild-dispatcher keys new DOMAIN --keyring FILE"):
        Settings().load_keyring()
    with pytest.raises(MissingKeyError, match=r"keys new DOMAIN --keyring nowhere\.json"):
        Settings(keyring=Path("nowhere.json")).load_keyring()
    assert Settings(dsn="postgresql://db/x").require_dsn() == "postgresql://db/x"
