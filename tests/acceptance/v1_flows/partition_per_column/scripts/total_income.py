"""The income of each store and brand, as one more column of its first week."""


def init():
    """Nothing to load."""


def run(mini_batch, mini_batch_context):
    """Return the first row of the partition with the income of all its rows."""
    keys = mini_batch_context.partition_key_value
    assert set(mini_batch["Store"]) == {keys["Store"]}
    assert set(mini_batch["Brand"]) == {keys["Brand"]}

    income = (mini_batch["Quantity"] * mini_batch["Price"]).sum()
    first = mini_batch.head(1).copy()
    first["total_income"] = income
    return first
