"""`gridmap user add | disable | passwd`: who may log in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli.output import say
from gridmap.view import Role

if TYPE_CHECKING:
    from gridmap.usecases.context import Context

users = typer.Typer(name="user", help="Accounts: add, disable, new password.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="what they log in with; case does not matter")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of stdin instead of drawing one."),
]


@users.command("add")
def add(
    username: Username,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    name: Annotated[str, typer.Option(help="Their name as others see it.")],
    of: Annotated[
        str | None, typer.Option(help="Code of the worker, body (handler) or area that the role belongs to.")
    ] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Add an account and print its password, drawn at random, once.

    Example: gridmap user add li.na --role dispatcher --name 李娜 --of 520122100
    """
    from gridmap.usecases import accounts

    ctx = _context()
    password = _read_password() if password_stdin else accounts.draw_password()
    new = accounts.NewAccount(username, name, role, of)
    account = accounts.add(ctx, accounts.Passwords(), new, password)
    say(f"{account.username}: {account.role}" + ("" if password_stdin else f", password {password}"))


@users.command("disable")
def disable(username: Username) -> None:
    """Disable an account: nobody logs in with it, and its sessions end with their next request.

    Example: gridmap user disable li.na
    """
    from gridmap.usecases import accounts

    say(f"{accounts.disable(_context(), username).username}: disabled")


@users.command("passwd")
def passwd(username: Username, password_stdin: FromStdin = False) -> None:
    """Give an account a new password, drawn at random and printed once; its sessions end.

    Example: gridmap user passwd li.na
    """
    from gridmap.usecases import accounts

    password = _read_password() if password_stdin else accounts.draw_password()
    account = accounts.set_password(_context(), accounts.Passwords(), username, password)
    say(f"{account.username}: " + ("new password" if password_stdin else f"password {password}"))


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _context() -> Context:
    from gridmap.settings import Settings
    from gridmap.usecases.context import open_context

    return open_context(Settings.from_env())
