"""What can be done with a run that is stored: go on, do it again, keep its pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.printable import printable
from azml_pipelines.run.stored_run import StoredRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.published_pipeline import PublishedPipeline

__all__ = ["RepeatableRun"]


class RepeatableRun(StoredRun):
    """A run whose plan and scripts are kept, so that it can be taken up again."""

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
            cast("PipelineRun", self),
            override,
            pipeline_parameters or {},
            allow_changed=allow_changed,
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
        regenerate_outputs: bool | Sequence[str] = False,
        incremental: bool | str = False,
    ) -> PipelineRun:
        """Run the same pipeline again, with the scripts as they were (ours).

        Args:
            pipeline_parameters: Values by parameter name; the others keep those that
                this run has.
            experiment_name: Another experiment for the new run.
            tags: Set on the new run.
            regenerate_outputs: Whether every step runs, or the names of those that do,
                although an earlier result could stand in.
            incremental: True takes over mini-batches that are the same as in the last
                run of a step, ``"items"`` single items; see ``Pipeline.submit``.

        Returns:
            The new run, which has been started.

        Raises:
            DeclarationError: A parameter is not declared, or a value has another type.
        """
        from azml_pipelines.plan.reuse_options import reuse_options  # noqa: PLC0415 - rare
        from azml_pipelines.run.resubmission import resubmit  # noqa: PLC0415 - a circle
        from azml_pipelines.run.submission import Submission  # noqa: PLC0415 - the same

        return resubmit(
            cast("PipelineRun", self),
            pipeline_parameters or {},
            experiment_name=experiment_name,
            submission=Submission(
                tags=tags or {}, reuse=reuse_options(regenerate_outputs, incremental)
            ),
        )

    def publish_pipeline(
        self,
        name: str,
        description: str,
        version: str,
        continue_on_step_failure: bool | None = None,
        **kwargs: object,
    ) -> PublishedPipeline:
        """Publish the pipeline of this run, with the scripts that it ran.

        Its parameters get the defaults that the pipeline declares, not the values of
        this run.

        Args:
            name: For people; several published pipelines may share it.
            description: For people.
            version: Any text.
            continue_on_step_failure: As in this run if None.
            kwargs: Accepted and ignored.
        """
        from azml_pipelines.run.publishing import Publication, publish  # noqa: PLC0415 - a circle
        from azml_pipelines.run.resubmission import stored_definition  # noqa: PLC0415 - a circle

        if continue_on_step_failure is None:
            continue_on_step_failure = self.plan.continue_on_step_failure
        return publish(
            self.experiment.workspace,
            stored_definition(cast("PipelineRun", self)),
            Publication(name, description, version, continue_on_step_failure),
        )
