"""Who may ask, and how errors and the API's own description look."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prometheus_client import REGISTRY

from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import shipped_model
from leadflow.ports import Overloaded, Unavailable
from leadflow_admin_api.app import create_app
from leadflow_admin_api.settings import AdminSettings

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of an OpenAPI document."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic made-up-admin-token"},
        {"Authorization": "made-up-admin-token"},
        {"Authorization": "Bearer made-up-admin-tokeN"},
        {"Authorization": "Bearer mäde-up"},
    ],
)
async def test_nothing_below_the_prefix_answers_without_the_token(world: Any, headers: dict[str, str]) -> None:
    """Every operation, and every path that does not exist, is 401 with WWW-Authenticate unless the token is right."""
    paths = {re.sub(r"{[^}]+}", "x", path) for _, path, _ in operations(world.app.openapi())}
    world.client.headers.pop("authorization")
    for path in [
        *paths,
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/profiles/x/erase",
        "/api/v1/profiles/x/unmerge",
    ]:
        for method in METHODS:
            raw = {name: value.encode() for name, value in headers.items()}
            answer = await world.client.request(method, path, headers=raw)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            if method != "HEAD":
                assert answer.json()["code"] == "unauthorized"


async def test_the_right_token_opens(world: Any) -> None:
    """The scheme is compared without case, as RFC 9110 has it."""
    answer = await world.client.get("/api/v1/funnel", headers={"Authorization": "bearer made-up-admin-token"})
    assert answer.status_code == 200


def test_an_empty_token_is_refused_at_the_start() -> None:
    """Without a token the API would be open to everybody."""
    with pytest.raises(ValueError, match="LEADFLOW_ADMIN_TOKEN"):
        AdminSettings(token=" ", model=shipped_model(), rules=IdentityRules(), sources=())


async def test_unknown_paths_and_methods_are_problems(world: Any) -> None:
    """404 and 405 are problem documents; 405 says what is allowed."""
    problem = await world.refused("/nothing", 404)
    assert problem["code"] == "not_found"
    assert problem["instance"] == "/api/v1/nothing"
    answer = await world.client.delete("/api/v1/leads")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        ("/leads", {"limit": 0}, "limit"),
        ("/leads", {"limit": 501}, "limit"),
        ("/leads", {"limit": "many"}, "limit"),
        ("/leads", {"sort": "name"}, "sort"),
        ("/leads", {"stage": "maybe"}, "stage"),
        ("/leads", {"temperature": "tepid"}, "temperature"),
        ("/leads", {"cursor": "nonsense"}, "cursor"),
        ("/leads", {"cursor": "ÿ"}, "cursor"),
        ("/leads", {"cursor": "W10"}, "cursor"),
        ("/merges", {"cursor": "eyJ9"}, "cursor"),
        ("/merges", {"sort": "when"}, "sort"),
        ("/segments", {"cursor": "x"}, "cursor"),
        ("/stage-changes", {"after": "x"}, "after"),
        ("/stage-changes/stream", {"after": "x"}, "after"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(
    world: Any, path: str, parameters: dict[str, Any], named: str
) -> None:
    """422 with the parameter's name and what is allowed."""
    problem = await world.refused(path, 422, **parameters)
    assert problem["code"] == "invalid_parameter"
    assert problem["parameter"] == named
    assert named in problem["detail"]


@pytest.mark.parametrize(("failure", "seconds"), [(Unavailable("locked", 0.2), "1"), (Overloaded("full", 7.4), "8")])
async def test_a_store_that_cannot_serve_is_a_retry(
    world: Any, monkeypatch: pytest.MonkeyPatch, failure: Unavailable, seconds: str
) -> None:
    """503 with Retry-After in whole seconds, at least one."""

    async def failing(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(world.store, "count", failing)
    answer = await world.client.get("/api/v1/funnel")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == seconds
    assert answer.json()["code"] == "unavailable"


async def test_a_defect_shows_no_details(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 is a problem document, too, without what only the log should tell."""

    async def broken(*_: Any, **__: Any) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(world.store, "count", broken)
    answer = await world.client.get("/api/v1/funnel")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


async def test_answers_are_counted_by_route(world: Any) -> None:
    """By the template of the path, so that no id becomes a label; what no route has seen has one label for all."""

    def count(route: str, status: str) -> float:
        return REGISTRY.get_sample_value("leadflow_admin_requests_total", {"route": route, "status": status}) or 0

    before = count("/leads/{profile_id}", "404"), count("unrouted", "404"), count("unrouted", "401")
    await world.refused("/leads/somebody", 404)
    await world.refused("/somebody", 404)
    await world.client.get("/api/v1/leads/somebody", headers={"Authorization": "Bearer wrong"})
    after = count("/leads/{profile_id}", "404"), count("unrouted", "404"), count("unrouted", "401")
    assert after == tuple(number + 1 for number in before)


async def test_later_features_say_so(world: Any) -> None:
    """Unmerge and erase are named by the contract and answer 501, and are not in the description."""
    for action in ("unmerge", "erase"):
        answer = await world.client.post(f"/api/v1/profiles/x/{action}", json={})
        assert answer.status_code == 501
        assert answer.json()["code"] == "not_implemented_yet"
        assert not any(path.endswith(action) for path in world.app.openapi()["paths"])


async def test_the_description_is_complete(world: Any) -> None:
    """Each operation has a summary, its problem documents, and a security requirement."""
    document = (await world.client.get("/openapi.json")).json()
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert operation["security"] == [{"HTTPBearer": []}], (method, path)
        for status in ("401", "422", "503"):
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"], (method, path)
        for parameter in operation.get("parameters", ()):
            assert parameter["name"] == "profile_id" or parameter["schema"], (path, parameter["name"])


async def test_the_description_s_schemas_hold_for_its_examples(world: Any) -> None:
    """Every reference resolves, every schema is valid, and every example satisfies its own."""
    document = world.app.openapi()
    schemas = document["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/([A-Za-z_]+)", str(document)))
    assert references == references & schemas.keys()
    examples = 0
    for name, schema in schemas.items():
        whole = {"components": document["components"], "$ref": f"#/components/schemas/{name}"}
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            Draft202012Validator(whole).validate(example)
            examples += 1
    assert examples >= 9


def test_the_app_needs_no_running_loop(world: Any) -> None:
    """A composition root may assemble it before the server starts."""
    assert create_app(world.log, world.store, world.clock, world.hasher, world.settings)
