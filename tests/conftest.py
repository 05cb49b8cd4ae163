"""For all tests: TensorFlow's kernels are the same on every processor.

By itself it uses oneDNN on some processors and not on others, where convolutions with channels first are missing.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
