"""Version 1's import names, as one table onto our objects."""
