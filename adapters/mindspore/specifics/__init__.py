"""Modules that only MindSpore needs, without twins in `adapters/tensorflow`: composed layers, schedulers."""
