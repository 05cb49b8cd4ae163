"""What only TensorFlow needs, and has no twin in `adapters/mindspore`: additions to layers of Keras."""
