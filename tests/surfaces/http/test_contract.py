"""The OpenAPI document: complete, valid, and kept by the server that serves it."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance

from conftest import drop_database, execute, with_database
from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.application import methods_at
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.paged import Pages
from countermand.surfaces.http.routes import ROUTE_HANDLERS
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.access import Scope
from countermand.vocabulary.staff import Role
from surfaces.http.door import Door


async def document_of(door: Door) -> dict[str, Any]:
    """The document as it is served."""
    response = await door.send("GET", "/openapi.json")
    assert response.headers["content-type"] == "application/json"
    document: dict[str, Any] = response.json()
    return document


async def test_every_route_is_documented(door: Door) -> None:
    """The hot routes and all others, each with its scope, its refusals as problems, and a summary."""
    document = await document_of(door)
    documented = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    served = {(route.path, "POST") for route in door.front.lane.routes.values()}
    for handler in ROUTE_HANDLERS:
        served |= {
            (path.replace(":str", "").replace(":path", ""), str(method))
            for path in handler.paths
            for method in handler.http_methods
        }
    assert documented == served
    for path, item in document["paths"].items():
        for method, described in item.items():
            assert described["summary"], path
            refusals = {status for status in described["responses"] if status >= "4"}
            assert refusals >= {"500", "503"}
            if described["security"]:
                assert refusals >= {"401", "403"}, path
                assert described["x-scope"]
            for status in refusals:
                assert list(described["responses"][status]["content"]) == ["application/problem+json"]
            assert method.upper() in methods_at(path, Pages())


async def test_the_document_is_valid_openapi(door: Door) -> None:
    """An independent validator finds nothing (OpenAPI 3.1)."""
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(await document_of(door))


async def test_the_structures_are_those_of_the_wire(door: Door) -> None:
    """Operation, Answer and Problem come from the very types that parse and answer."""
    schemas = (await document_of(door))["components"]["schemas"]
    assert schemas["Operation"]["required"] == ["id", "kind", "account", "occurred_at"]
    assert "withdrawal" in schemas["Kind"]["enum"]
    assert set(schemas["Decision"]["required"]) >= {
        "id",
        "outcome",
        "score",
        "reasons",
        "policy",
        "decided_at",
    }
    assert {"type", "title", "status", "detail", "code", "text"} <= schemas["Problem"]["properties"].keys()
    assert "CNY" in schemas["Amount"]["properties"]["currency"]["enum"]


async def test_the_kept_document_is_the_served_one(door: Door) -> None:
    """A change of the contract shows in review; `GOLDEN=update` writes the new one."""
    kept = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
    text = json.dumps(await document_of(door), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("GOLDEN") == "update":
        kept.write_text(text, encoding="utf-8")
    assert kept.read_text(encoding="utf-8") == text


@pytest.fixture(scope="module")
def served(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A door over the real house in a thread of its own: its address and a key with every scope."""
    folder = tmp_path_factory.mktemp("contract")
    dsn = with_database(postgres_server, "contract")
    asyncio.run(execute(postgres_server, f"CREATE DATABASE contract TEMPLATE {database_template}"))
    ready: list[tuple[str, str]] = []
    opened = threading.Event()
    ends: list[Callable[[], object]] = []

    async def serve() -> None:
        end = asyncio.Event()
        ends.append(functools.partial(asyncio.get_running_loop().call_soon_threadsafe, end.set))
        async with open_house(Settings(database_url=dsn, data_dir=folder)) as house:
            _, key = await create_key(
                house, "all", [scope.value for scope in Scope], "test", staff="li", roles=[Role.INVESTIGATOR]
            )
            house.bell.close()  # streams end at once: whoever reads a whole answer would wait for ever
            async with open_door(make_front(house), "127.0.0.1", 0) as address:
                ready.append((address, key))
                opened.set()
                await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert opened.wait(30)
    yield ready[0]
    ends[0]()
    thread.join(30)
    asyncio.run(drop_database(postgres_server, "contract"))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_server_keeps_its_contract(served: tuple[str, str], mode: GenerationMode) -> None:
    """Whatever is sent, valid or not: a documented status, its media type, a body that fits its schema."""
    address, key = served
    tried = 0
    schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    # Too large, or another version of tus: refused as such, before anybody reads what else is wrong.
    refusals = schema.config.checks.negative_data_rejection
    refusals.expected_statuses = [*refusals.expected_statuses, "412", "413"]
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=15,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def keeps(case: Any) -> None:
            nonlocal tried
            tried += 1
            response = case.call(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=10)
            assert response.status_code != 500
            if response.status_code >= 400 and case.method.upper() != "HEAD":
                assert json.loads(response.content)["status"] == response.status_code
            # Types cannot say everything: a valid operation from the year 1 is refused all the same.
            case.validate_response(response, excluded_checks=[positive_data_acceptance])

        if mode is GenerationMode.POSITIVE or operation.body or operation.path_parameters or operation.query:
            keeps()
    assert tried > 50
