"""``GET /openapi.json``: the OpenAPI 3.1 document, from the models and the table of operations."""

import functools
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from api.json_response import JsonResponse
from api.operations import OPERATIONS, Operation
from api.schemas import PublicErrorResponseDto
from api.struct_schemas import struct_schemas

_REF = "#/components/schemas/"
_CONTRACT_NAMES = {
    "PostEnrichment": "PostEnrichmentDto",
    "PersonIdentifier": "PersonIdentifierRecordDto",
    "SignalsConfig": "SignalsConfigDto",
}
"""Models of ours that the contract has under another name."""

_SECURITY_SCHEMES = {
    "AccessKey": {"type": "apiKey", "in": "header", "name": "X-Access-Key"},
    "SecretKey": {"type": "apiKey", "in": "header", "name": "X-Secret-Key"},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "`ak_….sk_…`"},
    "Signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "RFC 9421, Ed25519, with `created` and the key's id as `keyid` in"
        " `Signature-Input`. It covers `@method`, `@path` and `@query`, of a POST"
        " `idempotency-key`, and with a body its `content-digest` (RFC 9530).",
    },
    "SignatureInput": {"type": "apiKey", "in": "header", "name": "Signature-Input"},
}
_SECURITY: list[dict[str, list[str]]] = [
    {"AccessKey": [], "SecretKey": []},
    {"Bearer": []},
    {"Signature": [], "SignatureInput": []},
]
_HEADERS = {
    name: {"description": meaning, "schema": {"type": "string"}}
    for name, meaning in {
        "X-Request-Id": "Of this request, a UUID.",
        "Retry-After": "Seconds after which a repeat may succeed.",
        "WWW-Authenticate": "How a key can be sent.",
    }.items()
}
_HEADERS_OF_STATUS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_OF_ALL = (500,)
_OF_KEYS = (401, 429, 503)


async def get_openapi(_request: Request) -> Response:
    """``GET /openapi.json``: what this front door can do."""
    return JsonResponse(document())


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        shown = path.replace("{job_id}", "{id}")
        paths.setdefault(shown, {})[method.lower()] = _operation(shown, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "enrich-stream",
            "description": "Contact enrichment that a company runs itself.",
            "version": version("enrich-stream"),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": _HEADERS,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description or f"{operation.summary}.",
        "parameters": [*_path_parameters(path), *operation.parameters],
        "responses": {str(status): answer for status, answer in _responses(operation).items()},
        "security": _SECURITY if operation.needs_key else [],
    }
    if operation.body:
        content = _json(operation.body)
        content["application/json"]["examples"] = {
            name: {"value": example} for name, example in operation.examples.items()
        }
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _responses(operation: Operation) -> dict[int, dict[str, Any]]:
    problems = {*_OF_ALL, *operation.problems, *(_OF_KEYS if operation.needs_key else ())}
    failed = {
        status: _response(
            HTTPStatus(status).phrase,
            _json(PublicErrorResponseDto),
            _HEADERS_OF_STATUS.get(status, ()),
        )
        for status in problems
    }
    answered = {
        status: _response(
            meaning, _json(model) if model else {operation.content_type: {"schema": {}}}
        )
        for status, (meaning, model) in operation.answers.items()
    }
    for status, linked in operation.links.items():
        answered[status]["links"] = {name: _link(name) for name in linked}
    return dict(sorted({**failed, **answered}.items()))


def _link(operation_id: str) -> dict[str, Any]:
    return {"operationId": operation_id, "parameters": {"id": "$response.body#/id"}}


def _response(
    description: str, content: Mapping[str, Any], headers: tuple[str, ...] = ()
) -> dict[str, Any]:
    named = ("X-Request-Id", *headers)
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in named},
        "content": content,
    }


def _json(model: type[BaseModel] | type[list[Any]]) -> dict[str, Any]:
    reference = {"$ref": f"{_REF}{_name(_element(model).__name__)}"}
    is_list = _element(model) is not model
    schema = {"type": "array", "items": reference} if is_list else reference
    return {"application/json": {"schema": schema}}


def _element(model: type[BaseModel] | type[list[Any]]) -> type[BaseModel]:
    """The model, or what a list is of."""
    listed: tuple[type[BaseModel], ...] = get_args(model) or (model,)
    return listed[0]


def _schemas() -> dict[str, Any]:
    models: set[type[BaseModel]] = {PublicErrorResponseDto}
    for operation in OPERATIONS.values():
        models |= {_element(model) for _, model in operation.answers.values() if model}
        models |= {operation.body} if operation.body else set()
    _, generated = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda m: m.__name__)],
        ref_template=_REF + "{model}",
    )
    schemas: dict[str, Any] = json.loads(_renamed(json.dumps(generated["$defs"])))
    return schemas | struct_schemas(_REF + "{name}")


def _renamed(text: str) -> str:
    """The schemas with the contract's names, where they are defined and where they are used."""
    return re.sub(rf'"({_REF})?(\w+)"', lambda m: f'"{m[1] or ""}{_name(m[2])}"', text)


def _name(model: str) -> str:
    return _CONTRACT_NAMES.get(model, model)
