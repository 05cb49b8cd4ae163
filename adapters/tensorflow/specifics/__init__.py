"""Modules that only TensorFlow needs, without twins in `adapters/mindspore`: additions to layers of Keras."""
