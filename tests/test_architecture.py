"""The house as docs describe it: import direction, one place for commits, files and functions that fit a screen.

The directions are import-linter's contracts in pyproject.toml; it counts imports inside functions too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gridmap", "layers", "api")

FILE_LINES, FILE_LINES_MEANT = 600, 400
FUNCTION_LINES, FUNCTION_LINES_MEANT = 60, 35

#: who may open a writing transaction: the store itself and the verbs
MAY_WRITE = ("gridmap/store/", "gridmap/usecases/")


def sources(*folders: str) -> list[Path]:
    """Every Python file under `folders`, as paths relative to the project."""
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last; 0 when there is only a docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text; "" for what is not a plain name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_imports_keep_their_direction() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr


def test_init_files_only_re_export() -> None:
    """A docstring, imports and `__all__`: whoever imports a package sets nothing in motion."""
    wrong = []
    for path in sources(*PACKAGES):
        if path.name != "__init__.py":
            continue
        for number, node in enumerate(parse(path).body):
            docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            names = isinstance(node, ast.Assign) and [dotted(target) for target in node.targets] == ["__all__"]
            if not (docstring or names or isinstance(node, ast.Import | ast.ImportFrom)):
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def test_only_verbs_commit() -> None:
    """`store.write` is opened in `usecases` and in the store, `.commit()` is called in the store alone."""
    wrong = []
    for path in sources(*PACKAGES):
        if path.as_posix().startswith(MAY_WRITE):
            continue
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gridmap.store"):
                wrong += [f"{path}:{node.lineno} imports write" for name in node.names if name.name == "write"]
            if isinstance(node, ast.Call) and dotted(node.func).endswith((".commit", "store.write")):
                wrong.append(f"{path}:{node.lineno} calls {dotted(node.func)}")
    assert wrong == []


def test_nothing_rebinds_a_modules_names() -> None:
    """No `global`: a module holds no state that changes."""
    wrong = [
        f"{path}:{node.lineno}"
        for path in sources(*PACKAGES)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Global)
    ]
    assert wrong == []


def test_randomness_is_passed_in() -> None:
    """No generator without a seed from outside, no module-wide one; secrets are another matter (`secrets`)."""
    wrong = []
    for path in sources(*PACKAGES):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call) and dotted(node.func).endswith("default_rng") and not node.args:
                wrong.append(f"{path}:{node.lineno} default_rng without a seed")
            if isinstance(node, ast.Import) and any(name.name == "random" for name in node.names):
                wrong.append(f"{path}:{node.lineno} imports random")
    assert wrong == []


def test_files_are_not_too_long() -> None:
    lengths = {
        path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in sources(*PACKAGES, "tests")
    }
    report(
        f"files over {FILE_LINES_MEANT} lines", {str(path): lines for path, lines in lengths.items()}, FILE_LINES_MEANT
    )
    assert {str(path): lines for path, lines in lengths.items() if lines > FILE_LINES} == {}


def test_functions_are_not_too_long() -> None:
    """Migrations are lists of statements and never change again, so they may be long."""
    lengths = {
        f"{path}:{function.lineno} {function.name}": body_lines(function)
        for path in sources(*PACKAGES)
        if "migrations/versions" not in path.as_posix()
        for function in functions(parse(path))
    }
    report(f"functions over {FUNCTION_LINES_MEANT} lines", lengths, FUNCTION_LINES_MEANT)
    assert {place: lines for place, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def report(title: str, lengths: dict[str, int], meant: int) -> None:
    """Print what is longer than we mean things to be; pytest shows it with `-rP` or when the test fails."""
    longer = sorted(((lines, place) for place, lines in lengths.items() if lines > meant), reverse=True)
    print(f"{title}: {len(longer)} of {len(lengths)}", *(f"{lines:5} {place}" for lines, place in longer), sep="\n")


def test_every_function_says_what_it_returns() -> None:
    wrong = [
        f"{path}:{function.lineno} {function.name}"
        for path in sources(*PACKAGES)
        for function in functions(parse(path))
        if function.returns is None
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["gridmap", "layers", "api"])
def test_modules_have_docstrings(name: str) -> None:
    wrong = [str(path) for path in sources(name) if not ast.get_docstring(parse(path))]
    assert wrong == []
