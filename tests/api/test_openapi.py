"""The OpenAPI document: true to the routes, to OpenAPI itself, and to the public contract."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from front_door import MemoryKafka, front_door
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from api.docs import page
from api.openapi import document
from api.operations import OPERATIONS
from api.routes import ROUTES
from enrich_stream.person import Field, Outcome
from enrich_stream.records import Asked, Evidence, FieldResult

CONTRACT = json.loads((Path(__file__).parents[1] / "contract/public_contract.json").read_text())
README = Path(__file__).parents[2] / "README.md"
REQUESTS = {"PostEnrichmentDto", "PersonIdentifierRecordDto", "SignalsConfigDto"}


def schema(name):
    return document()["components"]["schemas"][name]


def types(part):
    """The JSON types that a schema of ours or of the contract's lets through."""
    if "$ref" in part:
        return types(schema(part["$ref"].rpartition("/")[2]))
    if "allOf" in part:
        return types(part["allOf"][0])
    if "anyOf" in part:
        return set().union(*(types(choice) for choice in part["anyOf"]))
    found = {"string"} if {"enum", "const"} & part.keys() else {part["type"]}
    found = {"number" if kind == "integer" else kind for kind in found}
    return found | ({"null"} if part.get("nullable") else set())


def test_the_document_is_openapi():
    """It is valid under the schema of OpenAPI 3.1 itself."""
    assert document()["openapi"].startswith("3.1")
    validate(document())


def test_the_document_has_each_route_and_no_other():
    """A new route is documented, and one that is gone is not."""
    routes = {(m, r.path) for r in ROUTES for m in r.methods - {"HEAD"}}

    assert OPERATIONS.keys() == routes


async def test_the_document_is_served_without_a_key(tmp_path):
    """Tools read it before they have one."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.get("/openapi.json")

    assert response.headers["content-type"] == "application/json"
    assert response.json() == json.loads(json.dumps(document()))


@pytest.mark.parametrize("name", CONTRACT["schemas"])
def test_a_schema_of_the_contract_is_one_of_ours(name):
    """Nothing that is required is missing, and no type differs.

    A request of the contract is one of ours, and an answer of ours is one of the contract's.
    """
    theirs, ours = CONTRACT["schemas"][name], schema(name)
    is_request = name in REQUESTS

    required = (set(ours.get("required", ())), set(theirs.get("required", ())))
    assert required[0] <= required[1] if is_request else required[0] >= required[1]
    for member, described in theirs["properties"].items():
        mine = ours["properties"][member]
        if is_request:
            assert types(described) <= types(mine), member
        else:
            assert types(mine) <= types(described), member
        if "enum" in described:
            values = mine.get("enum") or [mine["const"]] if "$ref" not in mine else None
            values = values or schema(mine["$ref"].rpartition("/")[2])["enum"]
            assert set(values) <= set(described["enum"]), member


def test_the_one_narrower_member_is_a_whole_number_of_days():
    """Where ours takes less than the contract's schema, it is what the contract's client sends."""
    choices = schema("SignalsConfigDto")["properties"]["since_days"]["anyOf"]

    assert {choice["type"] for choice in choices} == {"integer", "null"}


def test_the_shape_of_signals_is_written_down_to_the_last_member():
    """Every member says what it is; the answer that the README shows is one."""
    assert schema("PersonData")["properties"]["signals"]["$ref"].endswith("/Signals")
    for name in ("Post", "Event", "Intent", "Match", "PlatformSummary", "PlatformError"):
        assert all(member["description"] for member in schema(name)["properties"].values())
    shown = re.search(r"```json\n(\{\"posts\".*?)\n```", README.read_text(), re.DOTALL)[1]

    validate_json(json.loads(shown), "Signals")

    wrong = json.loads(shown)
    wrong["summary"]["github"]["status"] = "silent"
    with pytest.raises(ValidationError):
        validate_json(wrong, "Signals")


def test_the_shape_of_evidence_is_that_of_what_workers_write():
    """As it goes into an item, with everything that a trail can say."""
    value = Evidence(value="m@x.example", provider="hunter", verified=True, confidence=0.9)
    found = FieldResult(outcome=Outcome.FOUND, values=(value,), as_of="2026-11-25T14:17:35.451Z")
    asked = Asked(provider="hunter", outcomes={"contact.email": "found"}, learned_from="gravatar")
    written = msgspec.json.encode({"fields": {Field.EMAIL: found}, "trail": (asked,)})

    assert schema("EnrichedItem")["properties"]["evidence"]["$ref"].endswith("/ItemEvidence")
    validate_json(json.loads(written), "ItemEvidence")


def validate_json(value, name):
    described = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    Draft202012Validator(described).validate(value)


@pytest.mark.parametrize(
    "operation", CONTRACT["operations"], ids=lambda o: f"{o['method']} {o['path']}"
)
def test_an_operation_of_the_contract_is_one_of_ours(operation):
    """Same method and path, same name, every status it has, with the same bodies."""
    ours = document()["paths"][operation["path"]][operation["method"].lower()]

    assert ours["operationId"] == operation["operationId"]
    for status, name in operation["bodies"].items():
        content = ours["responses"][status]["content"]["application/json"]["schema"]
        named = content.get("$ref") or content["items"]["$ref"]
        assert named.rpartition("/")[2] == name.removeprefix("array of ")


def test_the_keys_are_those_of_the_contract():
    """The same two headers, needed together."""
    ours = document()["components"]["securitySchemes"]

    for name, scheme in CONTRACT["securitySchemes"].items():
        assert {member: ours[name][member] for member in scheme} == scheme
    submit = document()["paths"]["/api/enrichments"]["post"]
    assert {"AccessKey": [], "SecretKey": []} in submit["security"]


async def test_the_page_shows_everything_and_needs_nothing_from_elsewhere(tmp_path):
    """Every operation, shape and member is on it; no script, no address, no other file."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.get("/docs")

    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    shown = response.text
    for path, methods in document()["paths"].items():
        assert all(f"{method.upper()} {path}" in shown for method in methods)
    for name, described in document()["components"]["schemas"].items():
        assert f'id="{name}"' in shown
        assert all(f"<code>{member}</code>" in shown for member in described.get("properties", ()))
    assert "RFC 9421" in shown
    assert not re.search(r"<script|<link|<img|src=|href=.https?:|url\(|@import", shown)


def test_every_link_of_the_page_leads_somewhere():
    """A type that is named is described on the same page."""
    targets = set(re.findall(r'id="(\w+)"', page()))

    assert set(re.findall(r'href="#(\w+)"', page())) <= targets
