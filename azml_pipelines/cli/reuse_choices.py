"""What a command line says about earlier results: the options and their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "ReuseCommand",
    "incremental_of",
    "regenerate_choice",
    "regenerate_of",
    "reuse_choices",
]

_Command = TypeVar("_Command", bound="Callable[..., object]")
_ALL = "*"
_MINI_BATCHES = "mini-batches"
_ALONE = {"--regenerate-outputs": _ALL, "--incremental": _MINI_BATCHES}
"""What these options mean without a value: what comes next is never taken for one."""


class ReuseCommand(click.Command):
    """A command with ``--regenerate-outputs[=STEP]`` and ``--incremental[=items]``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write out what an option without a value means."""
        end = args.index("--") if "--" in args else len(args)
        options = [
            f"{word}={_ALONE[word]}" if word in _ALONE else word for word in args[:end]
        ]
        return super().parse_args(ctx, options + args[end:])


def reuse_choices(command: _Command) -> _Command:
    """Add ``--regenerate-outputs`` and ``--incremental`` to a command."""
    command = click.option(
        "--incremental",
        metavar="[=items]",
        type=click.Choice([_MINI_BATCHES, "items"]),
        help="Where only the input of a step has changed, take over the mini-batches "
        "that are the same; with =items single items, where each row depends on its "
        "own item alone.",
    )(command)
    return regenerate_choice(command)


def regenerate_choice(command: _Command) -> _Command:
    """Add ``--regenerate-outputs`` to a command."""
    return click.option(
        "--regenerate-outputs",
        "regenerate",
        metavar="[=STEP]",
        multiple=True,
        help="Run every step, or STEP, although an earlier result could stand in. Can "
        "be repeated.",
    )(command)


def regenerate_of(names: Sequence[str]) -> bool | list[str]:
    """Return what ``regenerate_outputs`` gets."""
    return True if _ALL in names else list(names)


def incremental_of(word: str | None) -> bool | str:
    """Return what ``incremental`` gets."""
    return "items" if word == "items" else word is not None
