"""What a submission says about earlier results: use, ignore, or build on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from azml_pipelines.errors import DeclarationError
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.plan.run_plan import RunPlan

__all__ = [
    "Incremental",
    "ReuseOptions",
    "apply_reuse_options",
    "reuse_options",
    "why_not_incremental",
]

Incremental = Literal["no", "mini_batches", "items"]


@dataclass(frozen=True)
class ReuseOptions:
    """For the steps of one run."""

    regenerate: bool | tuple[str, ...] = False
    """Whether all steps run whatever there is, or the names of those that do."""
    incremental: Incremental = "no"


def reuse_options(
    regenerate_outputs: object = False, incremental: object = False
) -> ReuseOptions:
    """Check what a user gave.

    Args:
        regenerate_outputs: True, False, a step's name or several.
        incremental: True, False, or ``"items"``.

    Raises:
        DeclarationError: It is something else.
    """
    if isinstance(regenerate_outputs, str):
        regenerate_outputs = (regenerate_outputs,)
    if regenerate_outputs is None:
        regenerate_outputs = False
    if isinstance(regenerate_outputs, (list, tuple, set, frozenset)):
        names = tuple(regenerate_outputs)
        if not all(isinstance(name, str) for name in names):
            regenerate_outputs = None
        else:
            regenerate_outputs = tuple(sorted(names))
    if not isinstance(regenerate_outputs, (bool, tuple)):
        msg = (
            f"regenerate_outputs={shown(regenerate_outputs)} is not allowed. Give True "
            "for all steps, False for none, or names of steps."
        )
        raise DeclarationError(msg)
    words: dict[object, Incremental] = {
        False: "no", None: "no", True: "mini_batches", "items": "items",
    }  # fmt: skip
    known = isinstance(incremental, (bool, str)) or incremental is None
    if not known or incremental not in words:
        msg = (
            f"incremental={shown(incremental)} is not allowed. Give True to take over "
            "mini-batches that are the same as before, or 'items' when each row "
            "depends on its own item alone."
        )
        raise DeclarationError(msg)
    return ReuseOptions(regenerate_outputs, words[incremental])


def apply_reuse_options(plan: RunPlan, options: ReuseOptions) -> RunPlan:
    """Return the plan of a run that keeps to ``options``.

    Raises:
        DeclarationError: No step has the name of one that shall run, or the run shall
            be incremental and none of its steps can be.
    """
    names = [step.name for step in plan.steps]
    wanted = options.regenerate
    if isinstance(wanted, tuple):
        for name in wanted:
            if name not in names:
                msg = (
                    f"regenerate_outputs names the step {shown(name)}, which this "
                    f"pipeline does not have; its steps: {listed(names)}."
                )
                raise DeclarationError(msg)
    regenerate = tuple(
        step.step_run_id
        for step in plan.steps
        if (step.name in wanted if isinstance(wanted, tuple) else wanted)
    )
    if options.incremental != "no":
        reasons = [why_not_incremental(step) for step in plan.steps]
        if all(reasons):
            msg = (
                "This pipeline cannot be run incrementally: "
                f"{'; '.join(map(str, reasons))}. Submit it without incremental."
            )
            raise DeclarationError(msg)
    changes = {"regenerate": regenerate, "incremental": options.incremental}
    return plan.model_copy(update=changes)


def why_not_incremental(step: object) -> str:
    """Return why a step always runs as a whole; empty when it need not."""
    name = shown(getattr(step, "name", ""))
    if not isinstance(step, ParallelRunStepPlan):
        return f"step {name} has no mini-batches"
    if step.settings.output_action != "append_row":
        return (
            f"step {name} has output_action={shown(step.settings.output_action)}, so "
            "nobody knows what each mini-batch wrote"
        )
    if step.settings.mini_batch_size.unit == "auto":
        return f"step {name} has mini_batch_size='auto', which cuts each run anew"
    return ""
