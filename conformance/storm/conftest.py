"""The engines that all storms share, one after the other, and the option for the long run."""

import shutil
from collections.abc import Iterator

import pytest
from backends import COMMANDS
from engines import STATE, Engines


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="the full matrix of kills")


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    program = COMMANDS["rust"][0]
    try:
        open(program, "rb").close()
    except OSError:
        pytest.fail(f"{program} is missing: cargo build -p consentgate-example-axum")
    shutil.rmtree(STATE / "logs", ignore_errors=True)
    engines = Engines()
    engines.up()
    yield engines
    engines.down()


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--soak"))
