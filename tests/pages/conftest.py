"""Pages are looked at in the system's Chromium; where there is none, that is said loudly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import module_database
from countermand.settings import Settings
from pages.looking import visiting
from pages.mine_stage import POLICY, lighten
from pages.served import Served, served_house

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """One Chromium for the pages of a module: its event loop must not outlive it, others need theirs."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("NOT CHECKED: no Chromium on this machine (on Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A house with its pages, for the tests of a module: each test brings its own people and accounts."""
    with module_database(postgres_server, database_template) as dsn:
        settings = Settings(database_url=dsn, data_dir=tmp_path_factory.mktemp("house"))
        with served_house(settings) as house:
            yield house


@pytest.fixture(scope="module")
def asking_house(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A house that asks about payments, holds transfers, and has withdrawals approved."""
    folder = tmp_path_factory.mktemp("policy")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with module_database(postgres_server, database_template) as dsn:
        settings = Settings(database_url=dsn, data_dir=tmp_path_factory.mktemp("house"), policy=str(folder))
        with served_house(settings) as house:
            lighten(house)
            yield house


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    """Each test in both languages of the product."""
    return str(request.param)


@pytest.fixture
def visit(browser: Any, served: Served, language: str) -> Iterator[Any]:
    """A fresh browser page in the language, on a phone; errors of scripts and refused loads fail the test."""
    with visiting(browser, served.address, language) as page:
        yield page
