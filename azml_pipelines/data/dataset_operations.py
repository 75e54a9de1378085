"""What both kinds of datasets can do lazily: each method adds a step to the definition.

A method returns a new dataset and reads nothing.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Self

from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.operations import Operation
from azml_pipelines.data.partition_groups import distinct_values
from azml_pipelines.data.remote_listing import is_remote, list_remote
from azml_pipelines.data.table import stamp_of
from azml_pipelines.data.table_definition import partition_of
from azml_pipelines.data.time_series import times_left
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["DatasetOperations", "checked_columns"]


class DatasetOperations:
    """Steps that choose rows of a table, or files of a file dataset."""

    definition: DatasetDefinition

    def take(self, count: int) -> Self:
        """Return the first ``count`` rows or files.

        Raises:
            UserErrorException: ``count`` is no whole number from 0.
        """
        return self._with(Operation("take", count=checked_count(count)))

    def skip(self, count: int) -> Self:
        """Return all rows or files but the first ``count``.

        Raises:
            UserErrorException: ``count`` is no whole number from 0.
        """
        return self._with(Operation("skip", count=checked_count(count)))

    def take_sample(self, probability: float, seed: int | None = None) -> Self:
        """Return each row or file with a probability; with a seed, always the same.

        Raises:
            UserErrorException: ``probability`` is not from 0 to 1.
        """
        share = checked_share("probability", probability)
        return self._with(Operation("sample", share=share, seed=chosen_seed(seed)))

    def random_split(
        self, percentage: float, seed: int | None = None
    ) -> tuple[Self, Self]:
        """Return two datasets: each row or file is in one of them, by chance.

        Args:
            percentage: The share of the first one, from 0 to 1.
            seed: Makes the same split again.

        Raises:
            UserErrorException: ``percentage`` is not from 0 to 1.
        """
        share = checked_share("percentage", percentage)
        number = chosen_seed(seed)
        return (
            self._with(Operation("split", share=share, seed=number)),
            self._with(Operation("split", share=share, seed=number, rest=True)),
        )

    def filter(self, expression: object) -> Self:
        """Return the rows or files for which an expression holds.

        Raises:
            UserErrorException: It is no expression.
        """
        return self._with(Operation("filter", expression=checked_filter(expression)))

    @property
    def partition_keys(self) -> list[str]:
        """Columns whose values are in the paths, the one with dates last."""
        return list(self.definition.partition_keys)

    def get_partition_key_values(
        self, partition_keys: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return each combination of partition values that has a file with content.

        Args:
            partition_keys: Some of the keys; all of them if None.

        Raises:
            UserErrorException: There is no such key, or a path holds no values.
        """
        known = self.partition_keys
        keys = known if partition_keys is None else partition_keys
        if not isinstance(keys, (list, tuple)) or not keys or set(keys) - set(known):
            msg = (
                f"partition_keys={shown(partition_keys)} is not allowed: this dataset "
                f"has the partition keys {listed(known)}. Give some of them; datasets "
                "get theirs from partition_format."
            )
            raise UserErrorException(msg)
        root, paths = _files_with_content(self.definition)
        try:
            partition = partition_of(self.definition, root)
            return distinct_values(paths, partition, list(keys))
        except ValueError as error:
            msg = f"The partition values cannot be read: {error}."
            raise UserErrorException(msg, inner_exception=error) from error

    def _with(self, operation: Operation) -> Self:
        definition = self.definition
        changed: dict[str, Any] = {
            "operations": (*definition.operations, operation),
            "name": None,
            "version": None,
            **times_left(definition, operation),
        }
        return type(self)(definition.model_copy(update=changed))  # type: ignore[call-arg]


def _files_with_content(definition: DatasetDefinition) -> tuple[str, Iterator[str]]:
    """Return the root of the files of a dataset, and those that are not empty."""
    if is_remote(definition):
        found = list_remote(definition)
        return found.location.url, (file.path for file in found.files if file.size)
    listing = list_files(definition)
    root = listing.root
    return root, (p for p in listing.paths if stamp_of(f"{root}/{p}")[:2] != "0-")


def checked_count(count: object) -> int:
    """Return a count of rows or files.

    Raises:
        UserErrorException: It is no whole number from 0.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        msg = f"count={shown(count)} is not allowed. Give a whole number from 0."
        raise UserErrorException(msg)
    return count


def checked_share(what: str, share: object) -> float:
    """Return a probability.

    Raises:
        UserErrorException: It is not from 0 to 1.
    """
    number = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not number or not 0 <= float(str(share)) <= 1:
        msg = f"{what}={shown(share)} is not allowed. Give a number from 0 to 1."
        raise UserErrorException(msg)
    return float(str(share))


def chosen_seed(seed: object) -> int:
    """Return the seed, or one by chance, so that a dataset is always the same.

    Raises:
        UserErrorException: It is no whole number.
    """
    if seed is None:
        return secrets.randbelow(1 << 31)
    if isinstance(seed, bool) or not isinstance(seed, int):
        msg = f"seed={shown(seed)} is not allowed. Give a whole number, or None."
        raise UserErrorException(msg)
    return seed


def checked_columns(columns: object) -> tuple[str, ...]:
    """Return names of columns.

    Raises:
        UserErrorException: They are neither a name nor several different ones.
    """
    names = [columns] if isinstance(columns, str) else columns
    if isinstance(names, (list, tuple)) and names:
        texts = [name for name in names if isinstance(name, str) and name]
        if len(set(texts)) == len(names):
            return tuple(texts)
    msg = (
        f"columns={shown(columns)} is not allowed. Give the name of a column, or a "
        "list of different ones."
    )
    raise UserErrorException(msg)


def checked_filter(expression: object) -> Any:  # noqa: ANN401 - JSON
    """Return the tree of an expression.

    Raises:
        UserErrorException: It is none.
    """
    if isinstance(expression, DatasetExpression):
        return expression.tree
    msg = (
        f"filter needs an expression such as dataset['age'] > 30, not "
        f"{shown(expression)}. Combine several with & and |, each in parentheses."
    )
    raise UserErrorException(msg)
