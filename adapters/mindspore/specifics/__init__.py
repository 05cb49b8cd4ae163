"""What only MindSpore needs, and has no twin in `adapters/tensorflow`: layers that are composed of primitives."""
