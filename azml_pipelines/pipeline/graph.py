"""Which step needs which: closure, producers, cycles, order. Only here is networkx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.errors import CycleError, DeclarationError
from azml_pipelines.pipeline.graph_drawing import DrawnStep, draw_svg
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import networkx as nx

    from azml_pipelines.pipeline.pipeline_data import PipelineData
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = ["StepGraph", "build_graph", "svg_of", "text_of"]


@dataclass(frozen=True)
class StepGraph:
    """The steps of a pipeline and what each of them waits for.

    It may hold a cycle: ``in_order`` is what refuses one.
    """

    steps: tuple[PipelineStep, ...]
    """As listed; those that were added come after those that need them."""
    producers: Mapping[PipelineData, PipelineStep]
    """The step that writes it, for everything that is written."""

    def needed_by(self, step: PipelineStep) -> tuple[PipelineStep, ...]:
        """Return the steps that have to finish before ``step``, each once."""
        data = [self.producers[data] for data in step.reads()]
        return tuple(dict.fromkeys([*data, *step.run_after_steps]))

    def in_order(self) -> tuple[PipelineStep, ...]:
        """Return the steps, each after those it needs, otherwise as listed.

        Raises:
            CycleError: Steps wait for each other; the message draws the circle.
        """
        listed = {step: index for index, step in enumerate(self.steps)}
        if all(
            listed[needed] < listed[step]
            for step in self.steps
            for needed in self.needed_by(step)
        ):
            return self.steps
        import networkx as nx  # noqa: PLC0415 - 0.4 s, paid by unordered steps only

        digraph = self._as_digraph()
        try:
            order = nx.lexicographical_topological_sort(digraph, key=listed.__getitem__)
            return tuple(order)
        except nx.NetworkXUnfeasible:
            circle = [step.name for step, _ in nx.find_cycle(digraph)]
            raise CycleError([*circle, circle[0]]) from None

    def to_svg(self) -> str:
        """Return a drawing of the steps and what each waits for, as SVG (ours).

        Raises:
            CycleError: Steps wait for each other.
        """
        keys = {step: str(number) for number, step in enumerate(self.in_order())}
        steps = {key: DrawnStep(step.name) for step, key in keys.items()}
        return svg_of(steps, self._edges(keys))

    def to_text(self) -> str:
        """Return the same drawing for a terminal (ours).

        Raises:
            CycleError: Steps wait for each other.
        """
        keys = {step: str(number) for number, step in enumerate(self.in_order())}
        labels = {key: step.name for step, key in keys.items()}
        return text_of(labels, self._edges(keys))

    def _edges(self, keys: Mapping[PipelineStep, str]) -> list[tuple[str, str]]:
        return [
            (keys[needed], key)
            for step, key in keys.items()
            for needed in self.needed_by(step)
        ]

    def _as_digraph(self) -> nx.DiGraph[PipelineStep]:
        import networkx as nx  # noqa: PLC0415 - loaded by in_order

        digraph: nx.DiGraph[PipelineStep] = nx.DiGraph()
        digraph.add_nodes_from(self.steps)
        digraph.add_edges_from(
            (needed, step) for step in self.steps for needed in self.needed_by(step)
        )
        return digraph


def svg_of(steps: Mapping[str, DrawnStep], edges: Sequence[tuple[str, str]]) -> str:
    """Return steps without cycles as SVG; see ``pipeline.graph_drawing``."""
    import networkx as nx  # noqa: PLC0415 - 0.4 s, paid by those who draw

    rows = nx.topological_generations(_joined(steps, edges))
    return draw_svg(steps, edges, [list(row) for row in rows])


def text_of(labels: Mapping[str, str], edges: Sequence[tuple[str, str]]) -> str:
    """Return steps without cycles as lines of text; keys must be in a runnable order.

    A step that waits for several stands below the last of them, and the line names the
    others.
    """
    import networkx as nx  # noqa: PLC0415 - 0.4 s, paid by those who draw

    digraph = _joined(labels, edges)
    for key, label in labels.items():
        digraph.nodes[key]["label"] = label
    return "\n".join(nx.generate_network_text(digraph))


def _joined(keys: Iterable[str], edges: Iterable[tuple[str, str]]) -> nx.DiGraph[str]:
    import networkx as nx  # noqa: PLC0415 - 0.4 s, paid by those who draw

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(keys)
    digraph.add_edges_from(edges)
    return digraph


def build_graph(
    steps: Sequence[PipelineStep], *, resolve_closure: bool = True
) -> StepGraph:
    """Find who writes what, and add the steps that the listed ones need.

    Args:
        steps: The listed steps, each once.
        resolve_closure: Whether steps that are needed and not listed are added.

    Raises:
        DeclarationError: Two steps write the same PipelineData, nobody writes one that
            is read, or a step that is needed is missing and may not be added.
    """
    found = list(dict.fromkeys(steps))
    known = set(found)
    producers: dict[PipelineData, PipelineStep] = {}
    for step in found:
        _add_outputs(step, producers)
    for step in found:  # grows while it is walked
        for needed in _needs(step, producers):
            if needed in known:
                continue
            if not resolve_closure:
                msg = (
                    f"Step {shown(step.name)} needs step {shown(needed.name)}, which "
                    "is not in steps. Add it, or leave resolve_closure=True."
                )
                raise DeclarationError(msg)
            found.append(needed)
            known.add(needed)
            _add_outputs(needed, producers)
    return StepGraph(tuple(found), producers)


def _add_outputs(
    step: PipelineStep, producers: dict[PipelineData, PipelineStep]
) -> None:
    for data in step.writes():
        other = producers.setdefault(data, step)
        if other is not step:
            msg = (
                f"Steps {shown(other.name)} and {shown(step.name)} both write "
                f"PipelineData {shown(data.name)}. Give each step an output of its own."
            )
            raise DeclarationError(msg)


def _needs(
    step: PipelineStep, producers: Mapping[PipelineData, PipelineStep]
) -> list[PipelineStep]:
    """Return what ``step`` waits for; a listed producer wins over one made later."""
    needs = list(step.run_after_steps)
    for data in step.reads():
        producer = producers.get(data) or data.producer
        if producer is None:
            msg = (
                f"Step {shown(step.name)} reads PipelineData {shown(data.name)}, which "
                "no step writes. Make it the output of a step."
            )
            raise DeclarationError(msg)
        needs.append(producer)
    return needs
