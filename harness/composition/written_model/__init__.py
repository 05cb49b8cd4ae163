"""Models as a person writes them: bare names and numbers, defaults, parameters, repeats, blocks.

`explicit_model` turns such a model into the one that the specs describe, in which every field is written out.
"""

from harness.composition.written_model.model import ExplicitModel, explicit_model

__all__ = ["ExplicitModel", "explicit_model"]
