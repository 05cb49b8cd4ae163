"""Modules that only MindSpore needs, without twins in `adapters/tensorflow`: layers composed of primitives, schedulers."""
