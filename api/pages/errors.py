"""Errors that a browser's page meets, drawn in its language: what, why, and a way out."""

from __future__ import annotations

from fastapi import Request, Response

from api.pages.frame import page
from api.pages.words import language, words


def error_page(request: Request, status: int, code: str, detail: str) -> Response | None:
    """A page for an error; None where no page can be made (the answer is then problem+json)."""
    if not hasattr(request.state, "csp_nonce"):
        return None
    texts = words(language(request))
    known = texts.get(f"problem.{code}") or texts.get(f"problem.{status}") or texts["problem.other"]
    return page(request, "error.html", status=status, status_code=status, said=known, detail=detail)
