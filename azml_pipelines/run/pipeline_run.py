"""A pipeline run: how it is doing, what it made, and what to do with it next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.printable import printable
from azml_pipelines.run.step_run import StepRun
from azml_pipelines.run.stored_run import StoredRun
from azml_pipelines.run.views import views
from azml_pipelines.run.waiting import failure, follow_until, wait_until
from azml_pipelines.store.run_reader import request_cancel
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.run.output_place import RunOutputPlace
    from azml_pipelines.run.port_data_reference import PortDataReference
    from azml_pipelines.run.workspace import Workspace

__all__ = ["PipelineRun"]


class PipelineRun(StoredRun):
    """A run of a pipeline. Everything it knows, it reads from the run's folder.

    Args:
        experiment: What the run was submitted to.
        run_id: As ``azml runs`` prints it.

    Raises:
        RunNotFoundError: The workspace has no such run.
    """

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> PipelineRun:
        """Return the run with this id.

        Raises:
            RunNotFoundError: The workspace has no such run.
        """
        from azml_pipelines.run.run_lookup import find_run  # noqa: PLC0415 - a circle

        run = find_run(workspace, run_id)
        return run.parent if isinstance(run, StepRun) else run

    def __repr__(self) -> str:
        return f"PipelineRun(id={self.id!r}, experiment={self.experiment.name!r})"

    def _ipython_display_(self) -> None:
        """Draw the run while it goes on, as ``RunDetails(run).show()`` does."""
        views.get("live")(self)

    def _repr_html_(self) -> str:
        return str(views.get("notebook")(self.state()))

    @property
    def name(self) -> str:
        """The id."""
        return self.id

    @property
    def display_name(self) -> str:
        """The id."""
        return self.id

    @property
    def parent(self) -> None:
        """Pipeline runs have none."""
        return

    def wait_for_completion(
        self,
        show_output: bool = True,
        timeout_seconds: float = sys.maxsize,
        raise_on_error: bool = True,
    ) -> str:
        """Wait until the run has ended and return its status.

        Args:
            show_output: Show the run while it goes on.
            timeout_seconds: After this time the status is returned as it is; the run
                goes on. (Version 1 needs ``show_output`` for that, we do not.)
            raise_on_error: Raise when the run failed.

        Raises:
            ActivityFailedException: The run failed and ``raise_on_error`` is True; its
                ``error_details`` are JSON.
            ExperimentExecutionException: Ctrl-C; the run goes on.
        """
        if show_output:
            print(  # noqa: T201 - version 1 prints both
                f"PipelineRunId: {self.id}\nLink to the run: {self.get_portal_url()}"
            )
            ended = follow_until(self, timeout_seconds)
        else:
            ended = wait_until(self._ended, self.id, timeout_seconds)
        state = self.state()
        if not ended and show_output:
            print(  # noqa: T201 - version 1 says so and raises nothing
                f"Stopped waiting after {timeout_seconds} s: run {self.id} is "
                f"{state.status} and goes on."
            )
        if state.status == "Failed" and raise_on_error:
            what = f"Run {self.id}"
            raise failure(what, state.error)
        return state.status

    def get_steps(self) -> list[StepRun]:
        """Return the steps, in an order in which each comes after those it needs."""
        return [StepRun(self, step) for step in self.plan.steps]

    def get_children(
        self, recursive: bool = False, tags: object = None, **_filters: object
    ) -> list[StepRun]:
        """Return the steps."""
        return self.get_steps()

    def find_step_run(self, name: str) -> list[StepRun]:
        """Return the steps of this name, as a list; empty when there are none."""
        return [step for step in self.get_steps() if step.name == name]

    def get_pipeline_output(self, pipeline_output_name: str) -> PortDataReference:
        """Return the output that was declared with this ``pipeline_output_name``.

        The name of a step's output will do as well; that is our extension.

        Raises:
            UserErrorException: No step has such an output; the message lists them.
        """
        definition = PipelineDefinition.model_validate_json(
            self.folder.definition.read_bytes()
        )
        names = []
        for declared, step in zip(definition.steps, self.get_steps(), strict=True):
            if declared.output is not None:
                given = (declared.output.pipeline_output_name, declared.output.name)
                if pipeline_output_name in given:
                    return step.get_output_data(declared.output.name)
                names.append(given[0] or given[1])
        msg = (
            f"Run {self.id} has no output {shown(pipeline_output_name)}; its outputs: "
            f"{', '.join(names) or 'none'}."
        )
        raise UserErrorException(msg)

    def output_places(self) -> list[RunOutputPlace]:
        """Return where all outputs lie on this machine; an extension of version 1."""
        return [place for step in self.get_steps() for place in step.output_places()]

    def cancel(self) -> None:
        """Ask the run to stop; its worker processes are killed. Ended runs stay."""
        if not self._ended():
            request_cancel(self.folder)

    def resume(
        self,
        *,
        node_count: int | None = None,
        process_count_per_node: int | str | None = None,
        run_invocation_timeout: float | None = None,
        compute_target: object = None,
        pipeline_parameters: Mapping[str, Any] | None = None,
        allow_changed: bool = False,
    ) -> None:
        """Go on with a run that failed, was canceled or lost its orchestrator (ours).

        What is finished stays finished, whatever is given here. Prints what is kept and
        what is to be done, and returns at once.

        Args:
            node_count: From now on; None keeps what it was. So do the next three.
            process_count_per_node: Worker processes on each node, or "auto".
            run_invocation_timeout: Seconds that one ``run()`` call may take.
            compute_target: A compute target or its name.
            pipeline_parameters: What the caller believes the values to be. They are
                frozen: other ones are refused, or ignored with ``allow_changed``.
            allow_changed: Go on with what was frozen although scripts, inputs or values
                are not what they were at submission.

        Raises:
            UserErrorException: The run has finished, somebody drives it, or something
                has changed since it was submitted; the message says what.
        """
        from azml_pipelines.run.resuming import execution_override, resume_run  # noqa: PLC0415 - a circle

        override = execution_override(
            self.experiment.workspace.compute_targets,
            node_count=node_count,
            process_count_per_node=process_count_per_node,
            run_invocation_timeout=run_invocation_timeout,
            compute_target=compute_target,
        )
        lines = resume_run(
            self, override, pipeline_parameters or {}, allow_changed=allow_changed
        )
        for line in lines:
            print(printable(line))  # noqa: T201 - people want to know

    def replay(
        self,
        mini_batch: int,
        *,
        step_name: str | None = None,
        first_item: int = 0,
        item_count: int | None = None,
    ) -> None:
        """Run one mini-batch here and print its rows; nothing is stored (ours).

        Scripts, arguments, variables and inputs are those of the run; a breakpoint in
        the script stops.

        Args:
            mini_batch: Its index, from 0, as ``failed_items`` and logs have it.
            step_name: Needed when the run has several steps.
            first_item: Where to begin inside of the mini-batch.
            item_count: How many items to take; all of the rest when None.

        Raises:
            UserErrorException: There is no such step, mini-batch or item.
            BaseException: Whatever the entry script raises.
        """
        from azml_pipelines.engine.replay import prepare_replay  # noqa: PLC0415 - rare

        replay = prepare_replay(
            self.folder,
            mini_batch,
            step_name=step_name,
            first_item=first_item,
            item_count=item_count,
        )
        rows = replay.run()
        text = (rows.header + rows.text).decode("utf-8", "backslashreplace")
        print(text, end="")  # noqa: T201 - what it is for

    def resubmit(
        self,
        *,
        pipeline_parameters: Mapping[str, Any] | None = None,
        experiment_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> PipelineRun:
        """Run the same pipeline again, with the scripts as they were (ours).

        Args:
            pipeline_parameters: Values by parameter name; the others keep those that
                this run has.
            experiment_name: Another experiment for the new run.
            tags: Set on the new run.

        Returns:
            The new run, which has been started.

        Raises:
            DeclarationError: A parameter is not declared, or a value has another type.
        """
        from azml_pipelines.run.resubmission import resubmit  # noqa: PLC0415 - a circle

        return resubmit(
            self, pipeline_parameters or {}, experiment_name=experiment_name, tags=tags
        )

    def _ended(self) -> bool:
        return self.state().ended_for_good
