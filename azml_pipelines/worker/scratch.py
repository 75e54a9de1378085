"""What the workers of a step leave in its scratch folder, and outside of it."""

from __future__ import annotations

import os
import shutil

__all__ = ["clear_scratch"]


def clear_scratch(folder: str) -> None:
    """Remove a scratch folder, and containers of workers that were killed.

    Those of earlier epochs beside it go, too; those of later ones have other owners.

    Args:
        folder: ``NodeStart.scratch``; ends with ``-`` and the epoch. Neither it nor the
            folder around it has to be there.
    """
    around, name = os.path.split(folder)
    kind, _, last = name.rpartition("-")
    if not around or not os.path.isdir(around):
        return
    for found in os.listdir(around):
        own, _, epoch = found.rpartition("-")
        if own == kind and epoch.isdecimal() and int(epoch) <= int(last):
            _clear(os.path.join(around, found))


def _clear(folder: str) -> None:
    # Most steps have no containers, and do not pay for this.
    from azml_pipelines.worker.containers.container import (  # noqa: PLC0415
        remove_orphans,
    )
    from azml_pipelines.worker.containers.prepare import (  # noqa: PLC0415
        prepared_image,
    )

    image = prepared_image(folder)
    if image is not None:
        remove_orphans(image)
    shutil.rmtree(folder, ignore_errors=True)
