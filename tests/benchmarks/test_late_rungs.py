"""What the rungs `inputs` and `evaluation` and the checkpoints take of a default match: shares of one run."""

import time
from collections import defaultdict

from rounds import rounds

from harness.cli import main
from harness.report.terminal import Terminal
from harness.rungs import checkpoints

AIM = 0.10  # an aim, not a gate: of the whole match
PARTS = ("inputs", "evaluation", "checkpoints")
LENGTH = ["training.epochs=2"] if rounds(2) == 1 else []


class Stopwatch:
    """The seconds of each stage of a run, by name."""

    def __init__(self):
        self.spent_s = defaultdict(float)
        self.began_s = self.since_s = time.perf_counter()
        self.stage = "start"

    def turn_to(self, stage):
        now_s = time.perf_counter()
        self.spent_s[self.stage] += now_s - self.since_s
        self.stage, self.since_s = stage, now_s


def test_a_default_match(record, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    stopwatch = Stopwatch()
    stage, training, judge_arm = Terminal.stage, Terminal.training, checkpoints.judge_arm

    def timed_stage(self, name):
        stopwatch.turn_to(name)
        stage(self, name)

    def timed_training(self, *arguments):
        stopwatch.turn_to("training")
        training(self, *arguments)

    def timed_checkpoints(*arguments):
        around = stopwatch.stage
        stopwatch.turn_to("checkpoints")
        verdicts = judge_arm(*arguments)
        stopwatch.turn_to(around)
        return verdicts

    monkeypatch.setattr(Terminal, "stage", timed_stage)
    monkeypatch.setattr(Terminal, "training", timed_training)
    monkeypatch.setattr(checkpoints, "judge_arm", timed_checkpoints)
    code = main(["match", "experiment=mnist_mlp", *LENGTH, "out=run"])
    stopwatch.turn_to("end")
    out = capsys.readouterr().out
    assert code == 0, out
    whole_s = time.perf_counter() - stopwatch.began_s
    assert set(PARTS) <= set(stopwatch.spent_s)
    share = sum(stopwatch.spent_s[part] for part in PARTS) / whole_s
    record([whole_s], share=share)
    with capsys.disabled():
        parts = ", ".join(f"{part} {stopwatch.spent_s[part]:.2f} s" for part in PARTS)
        print(f"\nmatch {whole_s:.1f} s, of which {parts}: {share:.1%} (aim: at most {AIM:.0%})")
