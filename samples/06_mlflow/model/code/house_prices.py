"""How MLflow loads this model: the module that its ``MLmodel`` file names."""

import json
from pathlib import Path

import pandas as pd


class HousePrices:
    """Prices of houses, with a margin on both sides."""

    def __init__(self, weights):  # noqa: ANN204 - as users write it
        self.weights = weights

    def predict(self, model_input, params=None):
        """Return a price for each row, and how low and how high it may be."""
        margin = (params or {}).get("margin", 0.1)
        price = sum(weight * model_input[name] for name, weight in self.weights.items())
        return pd.DataFrame(
            {
                "price": price,
                "low": price * (1 - margin),
                "high": price * (1 + margin),
            }
        )


def _load_pyfunc(path):  # noqa: ANN202 - MLflow calls it
    return HousePrices(json.loads(Path(path, "weights.json").read_text()))
