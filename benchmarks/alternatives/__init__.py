"""One file per contestant; each has a function that takes ``Work``."""
