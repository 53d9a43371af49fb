"""`gridmap init`, `import`, `sweep`, `doctor`: the verbs over the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli.output import Progress, say
from gridmap.cli.output import fail_with as _fail_with

if TYPE_CHECKING:
    from gridmap.usecases.context import Context


def open_here() -> Context:
    """The context of this process's environment."""
    from gridmap.settings import Settings
    from gridmap.usecases.context import open_context

    return open_context(Settings.from_env())
