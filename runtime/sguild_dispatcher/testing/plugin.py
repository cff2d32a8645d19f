"""The pytest plugin: the fixture ``dispatcher``, and what it is made of.

Nothing of the runtime is imported before a test asks for a fixture.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from sguild_dispatcher.registry import Registry
    from sguild_dispatcher.signing import Keyring
    from sguild_dispatcher.testing.dispatcher import Dispatcher

_OPTION: Final = "sguild_dispatcher_registry"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the registry."""
    parser.addini(
        _OPTION,
        "registry of the generated event contracts, as module:name",
        default="sguild_contracts.registry:registry",
    )


@pytest.fixture(scope="session")
def dispatcher_registry(pytestconfig: pytest.Config) -> "Registry":
    """The registry that ``sguild_dispatcher_registry`` of the ini file names."""
    name: str = pytestconfig.getini(_OPTION)
    module, _, attribute = name.partition(":")
    try:
        registry: Registry = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise pytest.UsageError(
            f"{_OPTION} is {name}, which cannot be imported ({error}): "
            "name the registry of the generated package, as sguild_contracts.registry:registry."
        ) from None
    return registry


@pytest.fixture(scope="session")
def dispatcher_keyring(dispatcher_registry: "Registry") -> "Keyring":
    """A key for each domain, the same for the whole run: publishers keep the keys that they once had."""
    from sguild_dispatcher.signing import Keyring

    return Keyring.generate(each.name for each in dispatcher_registry.domains)


@pytest.fixture
def dispatcher(
    dispatcher_registry: "Registry", dispatcher_keyring: "Keyring", monkeypatch: pytest.MonkeyPatch
) -> "Dispatcher":
    """What lies between publishers and handlers, in memory.

    For the length of the test, publishers and subscribers that were given neither keyring nor clock have
    those of the dispatcher.
    """
    from sguild_dispatcher.settings import Settings
    from sguild_dispatcher.testing.clock import ManualClock
    from sguild_dispatcher.testing.dispatcher import Dispatcher

    clock = ManualClock()

    def load_keyring(_: Settings, **__: object) -> "Keyring":
        return dispatcher_keyring

    def now(_: Any) -> Any:
        return clock.now

    monkeypatch.setattr(Settings, "load_keyring", load_keyring)
    # Every default argument holds the function system_clock itself, so what it reads is replaced.
    monkeypatch.setattr("sguild_dispatcher.clock.datetime", SimpleNamespace(now=now))
    return Dispatcher(dispatcher_registry, dispatcher_keyring, clock)
