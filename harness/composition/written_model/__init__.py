"""Models as a person writes them: bare names and numbers, defaults, parameters, repeats, blocks.

`model.explicit_model` turns such a model into the one that the specs describe, in which every field is written out.
"""
