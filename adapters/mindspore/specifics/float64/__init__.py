"""A user's own model in float64, where MindSpore's kernels refuse float64 or compute it in float32.

`primitives` says by what each kernel is replaced, `layers` which layers are; `switching` makes it so, and finds layers.
"""
