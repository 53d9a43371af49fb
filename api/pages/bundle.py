"""Our script modules as one inline script, for a file that opens offline: a browser loads no module from file://.

Each module becomes a function that returns its exports; its imports become destructured values of modules before it.
Only the few forms that our own modules use are understood, and anything else is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gridmap.errors import EnvironmentFault

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|const|let|class) (\w+)", re.MULTILINE)


def bundle(folder: Path, names: Sequence[str]) -> str:
    """One script of the modules `names` of a folder, each after those that it needs; the last is the entry."""
    modules = [_module((folder / f"{name}.js").read_text("utf-8"), name, names) for name in names]
    return "\n".join(["'use strict';", *modules])


def _module(source: str, name: str, names: Sequence[str]) -> str:
    exported = [match.group(2) for match in _EXPORT.finditer(source)]

    def imported(match: re.Match[str]) -> str:
        wanted = match.group(2)
        if names.index(wanted) >= names.index(name):
            raise EnvironmentFault(f"the script module {name} needs {wanted}, which comes after it")
        return f"const {{{match.group(1).replace(' as ', ': ')}}} = {_variable(wanted)};"

    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(imported, source))
    left = re.search(r"^(?:import|export)\b.*", body, re.MULTILINE)
    if left:
        raise EnvironmentFault(f"the script module {name} holds a form that cannot be bundled: {left.group(0)[:60]}")
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _variable(name: str) -> str:
    return f"module_{name.replace('-', '_')}"
