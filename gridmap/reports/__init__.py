"""Paper: what is printed or handed over, made from values as HTML and PDF."""

from gridmap.reports.paper import page, pdf

__all__ = ["page", "pdf"]
