"""For all tests: the frameworks' kernels are the same on every processor, and no test calibrates a framework.

By itself TensorFlow uses oneDNN on some processors and not on others, where convolutions with channels first are
missing. DEFAULT is what oneDNN does without the variable: where it is stated, no arrangement is chosen by how fast it
is on the machine of the tests (`harness.worker.arrangement`).

Processes that tests start write and reuse bytecode, as those of an installed package do: where the environment forbids
it, each of the suite's thousands of processes compiles hundreds of modules again.

Runs leave no report.html, which takes a second each; tests of that page ask for it.

A test marked `nightly` tries at one more place what a test of every day tries, or takes long. It runs where
TWINRUN_NIGHTLY is set. Of a test marked `sampled(n)` one case in n runs every day, and all of them there.
"""

import os

os.environ.setdefault("TWINRUN_REPORT", "markdown")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "DEFAULT")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(config, items):
    if os.environ.get("TWINRUN_NIGHTLY"):
        return
    nightly = {item for item in items if item.get_closest_marker("nightly")}
    cases = {}
    for item in items:
        if marker := item.get_closest_marker("sampled"):
            of_test = cases.setdefault((item.path, item.originalname), [])
            of_test.append(item)
            if len(of_test) % marker.args[0] != 1:
                nightly.add(item)
    config.hook.pytest_deselected(items=list(nightly))
    items[:] = [item for item in items if item not in nightly]
