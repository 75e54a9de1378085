"""What JSON can say of the values that models and scripts return.

Imports neither pandas nor numpy: their values are known by what they can do.
"""

from __future__ import annotations

import base64
import math
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return what JSON has for a value; what is no number becomes null."""
    made = value
    if isinstance(value, float):
        made = value if math.isfinite(value) else None
    elif isinstance(value, dict):
        made = {str(key): plain(one) for key, one in value.items()}
    elif isinstance(value, (list, tuple, set, frozenset)):
        made = [plain(one) for one in value]
    elif isinstance(value, (bytes, bytearray)):
        made = base64.b64encode(value).decode()
    elif hasattr(value, "tolist"):
        made = plain(value.tolist())
    elif hasattr(value, "isoformat"):
        made = value.isoformat() if value == value else None  # noqa: PLR0124 - no time
    elif value is not None and not isinstance(value, (bool, int, str)):
        made = str(value)
    return made
