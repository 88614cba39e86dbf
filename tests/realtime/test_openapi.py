"""The description of the HTTP API, held to the routes and to real answers."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from django.test import Client

from realtime import openapi, replies, reports
from realtime.events import Status
from realtime.models import Item
from realtime.urls import urlpatterns
from tests.realtime.test_actions import job_of  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)

NO_API = {"index", "dashboard", None}
"""What leads pages on, and what refuses addresses that are none."""


def described() -> dict[str, Any]:
    """Return the description, as a program reads it."""
    found: dict[str, Any] = Client().get("/headway/api/openapi.json").json()
    return found


def fits(said: Any, shape: dict[str, Any]) -> None:
    """Hold an answer to a shape of the description."""
    whole = {**shape, "components": {"schemas": replies.schemas()}}
    jsonschema.Draft202012Validator(whole).validate(said)


def shape_of(address: str, method: str, answer: Any) -> dict[str, Any]:
    """Return what the description says of an answer."""
    said = described()["paths"][address][method]["responses"][str(answer.status_code)]
    kind = answer["Content-Type"].partition(";")[0]
    found: dict[str, Any] = said["content"][kind]["schema"]
    return found


def operations() -> list[dict[str, Any]]:
    """Return all that can be asked."""
    paths = described()["paths"].values()
    return [one for path in paths for method, one in path.items() if method != "parameters"]


def test_every_address_is_described() -> None:
    """With all that its views answer, and who may ask."""
    served = [route.name for route in urlpatterns if route.name not in NO_API]
    assert len(described()["paths"]) == len(served)
    names = [one["operationId"] for one in operations()]
    assert len(set(names)) == len(names)
    for one in operations():
        assert one["summary"].endswith((".", ","))
        assert {"200", "201", "202"} & set(one["responses"])
        assert bool(one["security"]) == ("401" in one["responses"])


def test_each_shape_is_json_schema() -> None:
    """Of the draft that OpenAPI 3.1 names."""
    said = described()
    for shape in said["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(shape)
    for one in operations():
        if "requestBody" in one:
            shape = one["requestBody"]["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator.check_schema(shape)


def test_a_state_is_described_in_the_words_of_its_fields() -> None:
    """Each has its line; what viewers are not told is not there."""
    state = described()["components"]["schemas"]["State"]
    assert state["properties"]["eta"]["description"] == "Seconds to the end; None while unknown."
    assert "wants" not in state["properties"]
    assert set(state["required"]) == set(state["properties"])


def test_real_answers_are_as_described(job_of: Any, ana: Any, operator: Any) -> None:  # noqa: F811
    """Of a job in each status, to its owner and to an operator; pages, logs, items."""
    for status in Status:
        error = {"kind": "X", "text": "x", "traceback": "t"} if status == "failed" else None
        job = job_of(ana, status, error=error)
        Item.objects.create(
            job_id=job,
            run="r",
            n=1,
            outcome="failed",
            item={"a": 1},
            reason="x",
            at="2026-11-22T10:00Z",
        )
        for user in (ana, operator):
            client = Client()
            client.force_login(user)
            for address in ("", "/{job}", "/{job}/log", "/{job}/items"):
                answer = client.get(f"/headway/api/jobs{address.format(job=job)}")
                assert answer.status_code == 200
                fits(answer.json(), shape_of(f"/api/jobs{address}", "get", answer))


@pytest.mark.parametrize(("status", "signed_in"), [(401, False), (404, True)])
def test_refusals_are_as_described(ana: Any, status: int, signed_in: bool) -> None:  # noqa: FBT001
    """Whoever is not signed in, and who asks for what is not there."""
    client = Client()
    if signed_in:
        client.force_login(ana)
    for method, part in (("get", ""), ("get", "/log"), ("post", "/cancel"), ("post", "/report")):
        path = f"/headway/api/jobs/6f0e3a52-1111-4222-8333-444455556666{part}"
        answer = getattr(client, method)(path)
        assert answer.status_code == status
        fits(answer.json(), shape_of(f"/api/jobs/{{job}}{part}", method, answer))


def test_a_body_is_held_to_what_is_shown() -> None:
    """The very object that requests are checked against."""
    shown = openapi.description()["paths"]["/api/jobs/{job}/report"]["post"]["requestBody"]
    assert shown["content"]["application/json"]["schema"] is reports.REPORT
    assert json.loads(json.dumps(reports.REPORT)) == reports.REPORT
