"""Slots without processes: what becomes of each try is written down beforehand."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal, get_args

from azml_pipelines.compute.report import BundleReport
from azml_pipelines.data.minibatch import items_of
from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Done, pack_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from azml_pipelines.engine.dispatch import Slots
    from azml_pipelines.worker.messages import Bundle

__all__ = ["Outcome", "ScriptedSlots"]

Word = Literal[
    "done",
    "exception",
    "wrong return",
    "timeout",
    "signal",
    "exit",
    "stray",
    "lost",
    "init",
    "store",
]
Outcome = Word | int
"""What becomes of one try.

* ``"done"``, or how many results ``run()`` returned: it succeeded.
* ``"exception"``, ``"wrong return"``: it failed, and its process goes on.
* ``"timeout"``, ``"signal"``, ``"exit"``: it failed, and its process ended.
* ``"stray"``: somebody else killed its process, so the try is not charged.
* ``"lost"``: the node went away before it began.
* ``"init"``: ``init()`` failed in every fresh process of this slot.
* ``"store"``: its rows could not be written.
"""
_ENDS_PROCESS = frozenset({"timeout", "signal", "exit", "stray"})
_UNSTARTED = frozenset({"lost", "init", "store"})


class ScriptedSlots:
    """Implements ``engine.dispatch.Slots`` for tests, at once and without processes.

    .. code-block:: python

        slots = ScriptedSlots(count=2, outcomes={(7, 1): "signal"})
        Dispatch(ledger, slots, read=read, …).run()

    Args:
        count: Worker processes, all on one node.
        outcomes: By mini-batch and attempt; each is played once. Several for the same
            attempt are played one after the other, as a stray kill or a lost node
            repeats an attempt. Whatever is not named succeeds, one result per item.
        seconds: What every mini-batch seems to take.
        pick: Returns which of ``n`` bundles in hand, 0 to n - 1, is reported next. The
            one that was submitted first, unless given.

    Attributes:
        submitted: Every bundle, in the order of submission.
        restarts: How often the slots were started anew.

    Raises:
        ValueError: An outcome is unknown.
    """

    def __init__(
        self,
        count: int = 1,
        outcomes: Mapping[tuple[int, int], Outcome | Sequence[Outcome]] | None = None,
        *,
        seconds: float = 0.001,
        pick: Callable[[int], int] | None = None,
    ) -> None:
        self._count = count
        self._seconds = seconds
        self._pick = pick
        self._script = {
            key: deque([value] if isinstance(value, str | int) else value)
            for key, value in (outcomes or {}).items()
        }
        for key, values in self._script.items():
            for value in values:
                if isinstance(value, str) and value not in get_args(Word):
                    known = ", ".join(get_args(Word))
                    msg = f"outcome {value!r} of {key} is unknown; known: {known}"
                    raise ValueError(msg)
        self._in_hand: list[Bundle] = []
        self._reports = 0
        self.submitted: list[Bundle] = []
        self.restarts = 0

    @property
    def count(self) -> int:
        """Worker processes in all."""
        return self._count

    @property
    def in_hand(self) -> int:
        """Bundles that were submitted and have not been reported."""
        return len(self._in_hand)

    def has_room(self, *, waiting: int) -> bool:
        """Whether a bundle fits, with ``waiting`` behind each process."""
        return len(self._in_hand) < self._count * (1 + waiting)

    def submit(self, bundle: Bundle) -> None:
        """Take a bundle in hand."""
        self._in_hand.append(bundle)
        self.submitted.append(bundle)

    def next_report(self, timeout: float) -> BundleReport | None:
        """Play the next bundle; None when nothing is in hand. Never waits."""
        del timeout
        if not self._in_hand:
            return None
        place = self._pick(len(self._in_hand)) if self._pick else 0
        return self._play(self._in_hand.pop(place))

    def recall(self) -> None:
        """Do nothing: whatever is in hand ends at once."""

    def moves(self) -> int:
        """Return how many bundles were played."""
        return self._reports

    def describe(self) -> list[str]:
        """Return one line for each bundle in hand."""
        return [f"mini-batch {bundle.first} and on" for bundle in self._in_hand]

    def restart(self) -> None:
        """Count; bundles in hand are played as before."""
        self.restarts += 1

    def _play(self, bundle: Bundle) -> BundleReport:
        process = f"process{self._reports % self._count:03d}"
        self._reports += 1
        records: list[bytes] = []
        failures: list[FailedTry] = []
        word: Outcome = "done"
        started = 0
        for line in bundle.lines.splitlines():
            index = bundle.first + started
            items = items_of(line)
            word = self._next_outcome(index, bundle.attempt)
            if word in _UNSTARTED:
                break
            started += 1
            if isinstance(word, str) and word != "done":
                failures.append(_failed(index, bundle.attempt, items, word))
                if word in _ENDS_PROCESS:
                    break
            else:
                rows = items if word == "done" else int(word)
                done = Done(index, 0, 0, 0, rows, items, self._seconds)
                records.append(pack_record(done))
        error = UserError("RuntimeError", f"scripted: {word}")
        return BundleReport.of(
            bundle,
            node="node000",
            process=process,
            part="scripted.part",
            records=b"".join(records),
            failures=tuple(failures),
            unstarted=bundle.count - started,
            seconds=started * self._seconds,
            init_failure=error if word == "init" else None,
            store_failure=error if word == "store" else None,
            lost="scripted" if word == "lost" else None,
        )

    def _next_outcome(self, index: int, attempt: int) -> Outcome:
        script = self._script.get((index, attempt))
        return script.popleft() if script else "done"


def _failed(index: int, attempt: int, items: int, word: str) -> FailedTry:
    stray = word == "stray"
    reason = "signal" if stray else word
    error = UserError(
        "RuntimeError", f"scripted: {word}", "score.py:1 in run: scripted"
    )
    return FailedTry(index, attempt, reason, items, error, charged=not stray)


if TYPE_CHECKING:

    def _keeps_the_promises(slots: ScriptedSlots) -> Slots:
        return slots
