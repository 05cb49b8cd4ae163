"""Faults that begin after the steps that are compared with a run from the start: in the later epochs of a training."""

from __future__ import annotations

from dataclasses import dataclass

from planting import Edit

TRAINING, TRAINER, UPDATES, OPTIMIZERS = (
    "harness.worker.training",
    "adapters.reference.trainer",
    "adapters.reference.updates",
    "adapters.reference.optimizers",
)


@dataclass(frozen=True)
class LateFault:
    """`rung` must notice it first, of those that judge trainings, and name the arm. It begins with epoch 2 of 5."""

    name: str
    module: str
    old: str
    new: str
    rung: str = "trajectory"
    experiment: str = "late"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.module, self.old, self.new),)


EPOCH = "portions = session.portions(epoch)"
RUN = "results = [trainer.train_epoch(*portion) for portion in portions]"
LOSSES = "losses=Series(np.concatenate([result.losses for result in results]))"
SCORE = "score = trainer.evaluate(x_test, y_test)"
NOW = "now = [{name: values[self.updates] for name, values in table.items()} for table in self.tables]"
CLIPPED = "clipped = clip(self.clipping, self._accumulated(gradients, is_last))"
FAULTS = (
    LateFault(
        "weights rounded to half",
        TRAINING,
        EPOCH,
        f"{EPOCH}; half = {{n: w.astype(np.float16) for n, w in trainer.weights().items()}}; "
        "trainer.set_weights(half) if epoch == 3 else None",
    ),
    LateFault(
        "the optimizer's slots lost",
        TRAINING,
        EPOCH,
        f"{EPOCH}; trainer.restart(trainer.weights()) if epoch == 3 else None",
    ),
    LateFault(
        "an epoch on the batches of the one before",
        TRAINING,
        EPOCH,
        EPOCH.replace("(epoch)", "(max(0, epoch - (epoch > 1)))"),
        "inputs",
    ),
    LateFault(
        "batches of an epoch backwards",
        TRAINING,
        RUN,
        RUN.replace("(*portion)", "(portion[0][:: -1 if epoch > 1 else 1], portion[1])"),
    ),
    LateFault(
        "samples of a batch used twice",
        TRAINING,
        RUN,
        RUN.replace("(*portion)", "(portion[0] // (2 if epoch > 1 else 1) * (2 if epoch > 1 else 1), portion[1])"),
    ),
    LateFault(
        "losses recorded a step late",
        TRAINING,
        LOSSES,
        "losses=list(np.roll([float(loss) for result in results for loss in result.losses], epoch > 1))",
    ),
    LateFault(
        "losses rounded to four digits",
        TRAINING,
        LOSSES,
        "losses=[float(f'{loss:.4g}') if epoch > 1 else float(loss) for result in results for loss in result.losses]",
    ),
    LateFault(
        "losses smoothed",
        TRAINING,
        LOSSES,
        LOSSES.replace(
            "[result.losses ", "[result.losses if epoch < 2 else np.full_like(result.losses, np.mean(result.losses)) "
        ),
    ),
    LateFault(
        "the rate of an early step throughout", OPTIMIZERS, NOW, NOW.replace("[self.updates]", "[min(self.updates, 5)]")
    ),
    LateFault(
        "the rate of the step before",
        OPTIMIZERS,
        NOW,
        NOW.replace("[self.updates]", "[self.updates - (self.updates > 5)]"),
    ),
    LateFault("gradients no longer clipped", UPDATES, CLIPPED, f"{CLIPPED} if self.batches < 7 else gradients"),
    LateFault(
        "scores of the weights in place of their averages",
        TRAINING,
        "trainer.set_weights(averaging.scored(trained, trainer.slots()))",
        "trainer.set_weights(trained)",
        "evaluation",
        "averaged",
    ),
    LateFault(
        "the sum of accumulated gradients for their mean, from epoch 2",
        UPDATES,
        "value / value.dtype.type(self.accumulation.group)",
        "value / value.dtype.type(self.accumulation.group if self.batches < 6 else 1)",
        experiment="averaged",
    ),
    LateFault(
        "slow weights lost",
        UPDATES,
        "self.slow = {name: slow + factor",
        "self.slow = {name: slow * (self.batches < 6) + factor",
        experiment="averaged",
    ),
    LateFault(
        "the penalty left out",
        TRAINER,
        "return float(loss + extra)",
        "return float(loss + extra * (self.optimizer.batches < 6))",
    ),
    LateFault(
        "the penalty's gradient left out",
        TRAINER,
        "gradients[name] + slope for",
        "gradients[name] + slope * (self.optimizer.batches < 6) for",
    ),
    LateFault(
        "noise of the first epoch",
        TRAINING,
        RUN,
        RUN.replace("(*portion)", "(portion[0], session.portions(0)[number][1] if epoch > 1 else portion[1])").replace(
            "for portion in portions", "for number, portion in enumerate(portions)"
        ),
        experiment="noisy",
    ),
    LateFault(
        "augmentation of the epoch before",
        TRAINING,
        "trainer.bind(*session.epoch(epoch))",
        "trainer.bind(*session.epoch(epoch if epoch < 2 else epoch - 1))",
        experiment="noisy",
    ),
    LateFault(
        "dropout left out",
        TRAINING,
        RUN,
        RUN.replace(
            "(*portion)",
            "(portion[0], {n: np.ones_like(v) for n, v in portion[1].items()} if epoch > 1 else portion[1])",
        ),
        experiment="noisy",
    ),
    LateFault(
        "the scores of the epoch before",
        TRAINING,
        SCORE,
        f"score = score if epoch == 2 else {SCORE.partition(' = ')[2]}",
        "evaluation",
    ),
    LateFault(
        "fewer samples scored",
        TRAINING,
        SCORE,
        "score = trainer.evaluate(x_test[: 16 if epoch == 2 else None], y_test[: 16 if epoch == 2 else None])",
        "evaluation",
    ),
    LateFault(
        "an epoch's order left out of the record",
        TRAINING,
        "order_digests.append(",
        "epoch == 3 or order_digests.append(",
        "inputs",
    ),
)
