"""What the tests of a run share: the built distributions, and the environments that have them."""

from pathlib import Path

import pytest

from wheel_kit import FOLDERS, REPOSITORY, Distribution, Installed, build, built, install, once


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Distribution]:
    """The three distributions, by name."""

    def make(folder: Path) -> None:
        for name in FOLDERS:
            build(name, folder)

    folder = once(tmp_path_factory.getbasetemp(), "distributions", make)
    return {name: built(name, folder) for name in FOLDERS}


@pytest.fixture(params=FOLDERS)
def distribution(request: pytest.FixtureRequest, distributions: dict[str, Distribution]) -> Distribution:
    """Each distribution in turn."""
    return distributions[request.param]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, distributions: dict[str, Distribution]) -> Installed:
    """An environment with the three wheels."""
    wheels = [each.wheel for each in distributions.values()]
    base = tmp_path_factory.getbasetemp()
    return Installed(once(base, "workshop", lambda folder: install(folder, *wheels, cwd=base)))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment as a service has it: `pip install ./runtime ./generated`, in the repository."""
    base = tmp_path_factory.getbasetemp()
    folders = ["./runtime", "./generated"]
    return Installed(once(base, "production", lambda folder: install(folder, *folders, cwd=REPOSITORY)))
