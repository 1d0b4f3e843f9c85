"""Errors as RFC 9457 problem documents, each with a `code` that programs can switch on."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from leadflow.ports import Unavailable

MEDIA_TYPE = "application/problem+json"
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    422: "invalid_parameter",
    501: "not_implemented",
    503: "unavailable",
}


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `title` and `detail` are for people."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:leadflow:problem:invalid_parameter",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "limit: Input should be less than or equal to 500",
                    "code": "invalid_parameter",
                    "instance": "/api/v1/leads",
                    "parameter": "limit",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    allowed: list[str] | None = Field(default=None, description="With 409 on an action: what is allowed now.")
    sources: list[str] | None = Field(default=None, description="With `ambiguous_source`: the sources that have it.")
    parameter: str | None = Field(default=None, description="With `invalid_parameter`: the first one that is wrong.")


class Problem(Exception):
    """An answer that is an error: HTTP status, `code`, a sentence on what to do, further members, headers."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.members = members


def invalid(parameter: str, what: str) -> Problem:
    """422: a parameter that cannot be used, and what is allowed."""
    return Problem(422, "invalid_parameter", f"{parameter}: {what}", parameter=parameter)


def problem_response(problem: Problem, instance: str | None = None) -> JSONResponse:
    """The problem as a response."""
    document = {
        "type": f"urn:leadflow:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **({"instance": instance} if instance else {}),
        **problem.members,
    }
    return JSONResponse(document, problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document, its own and the framework's."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Unavailable, _on_unavailable)
    app.add_exception_handler(Exception, _on_defect)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem responses of an endpoint, for OpenAPI; 401, 422 and 503 can always come."""
    return {
        status: {
            "model": ProblemDocument,
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in sorted({401, 422, 503, *statuses})
    }


def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class only
    return problem_response(error, request.url.path)


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    headers = dict(error.headers) if error.headers else None
    code = _CODES.get(error.status_code, "error")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem_response(Problem(error.status_code, code, detail, headers=headers), request.url.path)


def _on_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return problem_response(Problem(400, "malformed_json", "the body is not JSON"), request.url.path)
    named = [(_place(item["loc"]), str(item["msg"]).removeprefix("Value error, ")) for item in errors]
    detail = "; ".join(f"{place}: {message}" for place, message in named)
    problem = Problem(422, "invalid_parameter", detail, parameter=named[0][0] if named else "body")
    return problem_response(problem, request.url.path)


def _place(location: Sequence[Any]) -> str:
    """`('query', 'limit')` -> `limit`; the first part only says where parameters come from."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _on_unavailable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Unavailable)  # noqa: S101 - registered for this class only
    headers = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    detail = f"{error}; nothing was lost, try again"
    return problem_response(Problem(503, "unavailable", detail, headers=headers), request.url.path)


def _on_defect(request: Request, _error: Exception) -> JSONResponse:
    """A defect of ours: the server's log has the trace, the answer has no details."""
    problem = Problem(500, "internal_error", "an unexpected error; the server's log has the details")
    return problem_response(problem, request.url.path)
