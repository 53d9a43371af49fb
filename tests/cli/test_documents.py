"""What the README tells a newcomer to type is there to be typed, and every verb shows an example."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from gridmap.cli.app import app

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\s*(?:GRIDMAP_\w+=\S+\s+)?(?:\.venv/bin/)?gridmap (\S.*?)(?:\s{2,}#.*)?$", re.MULTILINE)


def typed() -> list[str]:
    """Every `gridmap ...` in the README's indented blocks, continuation lines included."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(line for line in text.splitlines() if line.startswith("    "))
    return [re.split(r"\s+#", command)[0] for command in LINE.findall(blocks)]


def command(words: list[str]) -> tuple[Any, list[str]]:
    found: Any = typer.main.get_command(app)
    while words and hasattr(found, "commands"):
        assert words[0] in found.commands, words
        found, words = found.commands[words[0]], words[1:]
    return found, words


def test_the_readme_names_commands() -> None:
    assert len(typed()) >= 15


@pytest.mark.parametrize("line", typed())
def test_what_the_readme_types_is_known(line: str) -> None:
    found, rest = command(shlex.split(line))
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in rest if word.startswith("-")} <= known


def verbs(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not hasattr(group, "commands"):
        return [path]
    return [verb for name, one in group.commands.items() for verb in verbs(one, (*path, name))]


@pytest.mark.parametrize("path", verbs(typer.main.get_command(app)), ids=" ".join)
def test_every_verb_has_an_example_that_fits_it(path: tuple[str, ...]) -> None:
    found, _ = command(list(path))
    example = re.search(r"Example:\s+(?:GRIDMAP_\w+=\S+\s+)?gridmap (.+)", found.help or "")
    assert example, f"gridmap {' '.join(path)} --help has no example"
    again, rest = command(shlex.split(example.group(1)))
    assert again.name == found.name
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in rest if word.startswith("-")} <= known
