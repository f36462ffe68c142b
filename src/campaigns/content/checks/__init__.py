"""Checks of a compiled campaign: one module per family, each a function from what was compiled
to findings. They look at rendered skeletons, so what they prove holds for every message."""
