"""What it costs to say where two runs part company: the step that is looked at in full, beside the span run again.

Aim: at most twice the span. Both in one worker, compiled and warm; cold, each compiles what it runs.
"""

import time

import pytest
from rounds import rounds

from harness.composition import compose
from harness.data import load
from harness.plan import draw_plan
from harness.rungs.tasks import TASKS
from harness.worker import Worker
from harness.worker.sharing import share

ROUNDS, AIM = rounds(5), 2.0
SPANS = (5, 20)


@pytest.mark.parametrize("arm", ["mindspore", "mindspore_pynative", "tensorflow", "tensorflow_eager"])
@pytest.mark.parametrize("model", ["mlp_sigmoid", "cnn"])
def test_localisation(arm, model, record, capsys, tmp_path):
    experiment = compose([f"arms=[{arm}]", f"model={model}"]).experiment
    data = load(experiment.data)
    share(tmp_path, experiment, draw_plan(experiment, len(data.x_train)), data)
    with Worker(experiment.arms[0], tmp_path, tmp_path) as worker:
        worker.ready()
        found = {span: _timed(worker, span) for span in SPANS}
    for span, (cold, warm) in found.items():
        ratios = [float(each["probe"] / each["span"]) for each in (cold, warm)]
        with capsys.disabled():
            shown = f"{1e3 * warm['probe']:.1f} ms against {1e3 * warm['span']:.1f} ms for the span"
            ratio = f"{ratios[1]:.2f}, cold {ratios[0]:.2f} (aim: {AIM:g})"
            print(f"\n{arm} {model}, step {span - 1} in full: {shown}: {ratio}")
    record([found[SPANS[-1]][1]["probe"]], ratio_to_span=found[SPANS[-1]][1]["probe"] / found[SPANS[-1]][1]["span"])


def _timed(worker, span):
    """The first time of each, and the best of the later ones, in seconds."""
    asked = {
        "span": (TASKS["free-run"], {"steps": span, "runs": {"planned": None}}),
        "probe": (TASKS["probe"], {"step": span - 1}),
    }
    times = {name: [] for name in asked}
    for _ in range(ROUNDS + 1):
        for name, (task, payload) in asked.items():
            start = time.perf_counter()
            _, arrays = worker.ask(task, **payload)
            times[name].append(time.perf_counter() - start)
            assert arrays["planned/losses"].shape == (span,) if name == "span" else "loss" in arrays
    return {name: each[0] for name, each in times.items()}, {name: min(each[1:]) for name, each in times.items()}
