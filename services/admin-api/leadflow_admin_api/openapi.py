"""The OpenAPI document, corrected where the framework cannot know better."""

from typing import Any

from fastapi import FastAPI


def describe(app: FastAPI) -> None:
    """Say that errors are `application/problem+json` only: FastAPI adds `application/json` to whatever has a model."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:  # noqa: PLR2004 - where HTTP's errors begin
                        response["content"].pop("application/json", None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it
