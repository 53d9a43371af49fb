"""The worker's queue: whatever happens to replies, tabs, pages and sessions, an entry arrives once, or stays with its reason."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tests.pages.conftest import PHONE, Visits, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

N = 30
MODULE = "document.querySelector('script[src*=\"js/field\"]').src.replace(/field[^/]*$/, (name) => name.replace('field', 'queue'))"


def write(page: Page, texts: list[str], category: str = "blasting") -> None:
    """Put entries in the queue as the form does, all at cell A's centre."""
    lon, lat = page.evaluate("fetch('/api/v1/cells/' + encodeURIComponent(document.w = document.w || '')).then(() => [0, 0])")
    assert (lon, lat)
