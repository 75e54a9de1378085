"""Serves ``import azureml…`` and ``import azureml_user…`` out of the table of names."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from azml_pipelines.compat.stand_in import exception_class, stand_in
from azml_pipelines.compat.table import EXCEPTIONS, LATER, NEEDS_AZURE, PLACES, modules
from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NameTakenError", "install", "install_inside_run", "offer"]

_TOP_LEVEL = ("azureml", "azureml_user")
_MLTABLE = "mltable"
"""Scripts of version 2 import it; where the real one is installed, they get that."""


class NameTakenError(UserErrorException, ImportError):
    """Azure's own SDK is installed under the names that were asked for."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"Azure's own SDK is installed in {folder}, so the name 'azureml' is "
            "taken. Uninstall azureml-core, use `azml exec --replace-sdk`, or import "
            "the same names from azml_pipelines."
        )


def install(*, replace: bool = False) -> None:
    """Make version 1's import names work in this process; once is enough.

    Args:
        replace: Take over even where Azure's own SDK is installed; what the table lacks
            is still found there.

    Raises:
        NameTakenError: It is installed, and nobody asked to replace it.
    """
    finder = _finder()
    if replace:
        finder.take_over()
    elif finder.taken:
        raise NameTakenError(finder.taken)


def install_inside_run() -> None:
    """Do what every worker process does before it loads an entry script.

    Scripts of a run talk to the run, whatever else their environment holds.
    """
    install(replace=True)


def offer() -> None:
    """Make the names work unless they are taken; importing one says so then."""
    _finder()


def _finder() -> _Finder:
    """Return the finder of this process, which looks before all others do."""
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            return finder
    names = (*_TOP_LEVEL, _MLTABLE)
    finder = _Finder({name: _real_folders(name) for name in names})
    if not finder.taken:
        finder.take_over()
    sys.meta_path.insert(0, finder)
    return finder


def _real_folders(name: str) -> list[str]:
    """Return where a package of that name lies on the path; empty if there is none."""
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None:
        return []
    return list(spec.submodule_search_locations or [spec.origin or name])


class _Finder:
    """Finds and makes the modules of the table.

    Args:
        real_folders: Top-level name to the folders of an installed package of that
            name; what the table lacks is still found there.
    """

    def __init__(self, real_folders: dict[str, list[str]]) -> None:
        self._modules = modules()
        self._real_folders = real_folders
        self._in_charge = False

    @property
    def taken(self) -> str:
        """Where Azure's own SDK is, as long as it has not been replaced; else empty."""
        if self._in_charge:
            return ""
        # Others live below that name, too, such as azureml.mlflow: they are welcome.
        owned = {name.split(".")[1] for name in self._modules if "." in name}
        for folder in self._real_folders["azureml"]:
            theirs = os.listdir(folder) if os.path.isdir(folder) else owned  # noqa: PTH112, PTH208 - pathlib costs every worker
            if owned.intersection(theirs):
                return folder
        return ""

    def take_over(self) -> None:
        """Answer for the names from now on."""
        if self._in_charge:
            return
        for name in list(sys.modules):
            if name.partition(".")[0] in _TOP_LEVEL:
                del sys.modules[name]
        self._in_charge = True

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a spec for the names of the table, None for any other.

        Raises:
            NameTakenError: Azure's own SDK is installed, and has not been replaced.
        """
        if fullname not in self._modules:
            return None
        if fullname == _MLTABLE and self._real_folders[_MLTABLE]:
            return None
        if self.taken:
            raise NameTakenError(self.taken)
        # A loader in all but its base class, whose import costs every worker process
        # ten milliseconds.
        spec = importlib.machinery.ModuleSpec(
            fullname,
            self,  # type: ignore[arg-type]
            origin="azml_pipelines.compat",
            is_package=True,
        )
        top, _, rest = fullname.partition(".")
        below = rest.split(".") if rest else []
        spec.submodule_search_locations = [
            "/".join([folder, *below]) for folder in self._real_folders[top]
        ]
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return a module that looks its names up when they are asked for."""
        return _Module(spec.name, f"Version 1's ``{spec.name}``, served by us.")

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: a module of the table has no code."""


class _Module(ModuleType):
    """A module of version 1. Its names are loaded one by one, on first use."""

    def __getattr__(self, name: str) -> object:
        dotted = f"{self.__name__}.{name}"
        value = _lookup(dotted)
        if value is None:
            if dotted in modules():
                return importlib.import_module(dotted)
            msg = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        prefix = f"{self.__name__}."
        return sorted(
            dotted[len(prefix) :]
            for dotted in (*PLACES, *EXCEPTIONS, *NEEDS_AZURE, *LATER, *modules())
            if dotted.startswith(prefix) and "." not in dotted[len(prefix) :]
        )


def _lookup(dotted: str) -> object:
    if dotted in PLACES:
        module, _, attribute = PLACES[dotted].partition(":")
        value: object = getattr(importlib.import_module(module), attribute)
        return value
    if dotted in EXCEPTIONS:
        return exception_class(dotted)
    if dotted in NEEDS_AZURE:
        return stand_in(dotted, "needs Azure, and this package works without it")
    if dotted in LATER:
        return stand_in(dotted, "is not part of this version of azml-pipelines")
    return None
