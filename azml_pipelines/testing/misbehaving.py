"""Entry scripts that misbehave on one item, for tests of what becomes of the others."""

from __future__ import annotations

__all__ = [
    "ABORTS",
    "EVIL_STR",
    "EXITS_WITH_0",
    "EXITS_WITH_77",
    "IGNORES_SIGTERM",
    "INTERRUPTS",
    "LEAVES_CHILDREN",
    "RAISES",
    "RETURNS_NONE",
    "RETURNS_TEXT",
    "RUNS_OUT_OF_MEMORY",
    "SEGFAULTS",
    "SLEEPS",
    "SPINS_IN_C",
    "STOPS_ITSELF",
    "SYS_EXIT",
    "script",
]

SLEEPS = "time.sleep(10**6)"
SPINS_IN_C = "sum(range(10**13))"
STOPS_ITSELF = "os.kill(os.getpid(), signal.SIGSTOP)"
IGNORES_SIGTERM = "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(10**6)"
SEGFAULTS = "ctypes.string_at(0)"
ABORTS = "os.abort()"
EXITS_WITH_0 = "os._exit(0)"
EXITS_WITH_77 = "os._exit(77)"
SYS_EXIT = "sys.exit(3)"
INTERRUPTS = "raise KeyboardInterrupt"
RAISES = "raise ValueError('this item is bad')"
RETURNS_NONE = "return None"
RETURNS_TEXT = "return 'not a list'"
EVIL_STR = "return [Evil()]"
RUNS_OUT_OF_MEMORY = "hoard = [bytearray(10**7) for _ in range(10**4)]"
LEAVES_CHILDREN = (
    "subprocess.Popen(['sleep', '1000']); "
    "subprocess.Popen(['sleep', '1001'], start_new_session=True)"
)

_SCRIPT = """\
import ctypes, os, signal, subprocess, sys, time


class Evil:
    def __str__(self):
        raise RuntimeError("no text for you")


def run(mini_batch):
    if any(path.endswith({item!r}) for path in mini_batch):
        {behaviour}
    return [os.path.basename(path) for path in mini_batch]
"""


def script(behaviour: str, item: str) -> str:
    """Return an entry script that does ``behaviour`` when it meets ``item``.

    Args:
        behaviour: One or more statements on one line; the constants of this module.
        item: End of the path of the item. All other items return their base names.
    """
    return _SCRIPT.format(item=item, behaviour=behaviour)
