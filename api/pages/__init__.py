"""The pages: templates, static files and translations, behind a log-in. Rows come from the API."""

from api.pages.errors import error_page
from api.pages.router import router

__all__ = ["error_page", "router"]
