"""What one arm recorded. A trace is enough to compare: it needs neither the framework nor the machine again."""

from __future__ import annotations

from statistics import median
from typing import Any, Literal

from pydantic import ConfigDict, Field

from harness.records.arrangement import ChosenArrangement
from harness.records.failure import Failure
from harness.records.series import Series
from harness.records.timing import HostState, Interference, disturbed_by_others
from harness.spec.arm import Arm
from harness.spec.base import Spec


class EpochRecord(Spec):
    """`losses`: the training loss of every step, before its update. The test set is scored after the epoch.

    `gradient_norms`, `clipped_norms`: by layer, of every step, before and after clipping; where they were asked for.
    `digests`: `harness.records.step_columns`, of every step; where they were asked for.
    `test_accuracy` is None where targets are values.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    epoch: int
    losses: Series
    gradient_norms: dict[str, Series] = Field(default_factory=dict)
    clipped_norms: dict[str, Series] = Field(default_factory=dict)
    digests: dict[str, Series] = Field(default_factory=dict)
    epoch_time_s: float
    samples: int
    test_loss: float
    test_accuracy: float | None
    samples_scored: int
    peak_rss_bytes: int


class Trace(Spec):
    """Grows by copies; what was recorded before a failure stays.

    `order_digests`: for each epoch the digest of the sample numbers, in the order in which they were trained on.
    `device_flag`: why the times may be off: the device's memory was not free again when the training began.
    `host`: the state of the host at the end of the training (load, pressure). `interference`: what it did beside the
    training while that was timed. `processors`: that the process may use.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    schema_version: Literal[1] = 1
    arm: Arm
    arrangement: ChosenArrangement | None = None  # of runs before there were any, None
    failure: Failure | None = None
    finished: bool = False
    environment: dict[str, Any] = Field(default_factory=dict)
    realisations: dict[str, dict[str, str]] = Field(default_factory=dict)
    plan_digest: str = ""
    initial_weights_digest: str = ""
    final_weights_digest: str = ""
    order_digests: tuple[str, ...] = ()
    device_flag: str = ""
    host: HostState | None = None
    interference: Interference | None = None
    processors: int | None = None
    import_time_s: float | None = None
    compile_time_s: float | None = None
    baseline_rss_bytes: int | None = None
    learning_rates: Series = Series()
    epochs: tuple[EpochRecord, ...] = ()

    @property
    def status(self) -> str:
        if self.failure is not None:
            return self.failure.status
        return "complete" if self.finished else "recorded"

    @property
    def losses(self) -> Series:
        """The loss of every step of every epoch that was completed."""
        return Series.joined(epoch.losses for epoch in self.epochs)

    @property
    def norms(self) -> dict[str, Series]:
        """`gradient_norm/<layer>` and `clipped_norm/<layer>`, a number a step; empty where not asked for."""
        found: dict[str, list[Series]] = {}
        for epoch in self.epochs:
            for what, by_layer in (("gradient_norm", epoch.gradient_norms), ("clipped_norm", epoch.clipped_norms)):
                for layer, lengths in by_layer.items():
                    found.setdefault(f"{what}/{layer}", []).append(lengths)
        return {name: Series.joined(parts) for name, parts in found.items()}

    @property
    def digests(self) -> dict[str, Series]:
        """`digest/<kind>/<parameter>`, a number a step; empty where not asked for."""
        found: dict[str, list[Series]] = {}
        for epoch in self.epochs:
            for name, values in epoch.digests.items():
                found.setdefault(f"digest/{name}", []).append(values)
        return {name: Series.joined(parts) for name, parts in found.items()}

    @property
    def of_whole_epochs(self) -> Trace:
        """Without the epochs of which the steps, or the time, cannot be read."""
        whole = tuple(e for e in self.epochs if e.losses and e.samples and e.epoch_time_s > 0)
        return self.model_copy(update={"epochs": whole})

    @property
    def step_time_s(self) -> float | None:
        """Median over epochs of the time per step; the first epoch is left out where there are others."""
        steady = self.epochs[1:] or self.epochs
        return median(e.epoch_time_s / len(e.losses) for e in steady) if steady else None

    @property
    def samples_per_s(self) -> float | None:
        steady = self.epochs[1:] or self.epochs
        return median(e.samples / e.epoch_time_s for e in steady) if steady else None

    @property
    def settings(self) -> list[str]:
        """What the arm's environment sets, then what its arrangement sets beside that, with the reason; then the flag
        of its device."""
        settings = [f"{name}={value}" for name, value in self.arm.environment.items()]
        if self.arrangement is not None:
            further = self.arrangement.variables.items()
            reason = self.arrangement.reason
            settings += [f"{name}={value} ({reason})" for name, value in further if name not in self.arm.environment]
        return [*settings, *filter(None, [self.device_flag])]

    @property
    def load_flag(self) -> str:
        """Why the times may be off: other processes took processors from the training; empty if they did not."""
        if self.interference is None or not self.processors:
            return ""
        own = min(self.processors, self.arm.threads or self.processors)
        if not disturbed_by_others(self.interference, self.host, own):
            return ""
        return f"timed under load: other processes kept {self.interference.other_processors:.1f} processors busy"

    def summary(self) -> dict[str, Any]:
        """One row for the summary table."""
        last = self.epochs[-1] if self.epochs else None
        mean_loss = sum(last.losses) / len(last.losses) if last else None
        return {
            "arm": self.arm.name,
            "adapter": self.arm.adapter,
            "version": self.environment.get("version", ""),
            "mode": self.arm.mode,
            "device": self.environment.get("device", self.arm.device),
            "precision": self.arm.precision,
            "realisation": self.arm.realisation,
            "threads": self.arm.threads,
            "settings": self.settings,
            "load": self.load_flag,
            "status": self.status,
            "test_accuracy": last.test_accuracy if last else None,
            "test_loss": last.test_loss if last else None,
            "train_loss": mean_loss,
            "samples_scored": last.samples_scored if last else None,
            "epochs": len(self.epochs),
            "steps": sum(len(epoch.losses) for epoch in self.epochs),
            "import_time_s": self.import_time_s,
            "compile_time_s": self.compile_time_s,
            "step_time_s": self.step_time_s,
            "samples_per_s": self.samples_per_s,
            "train_time_s": sum(e.epoch_time_s for e in self.epochs) if self.epochs else None,
            "baseline_rss_bytes": self.baseline_rss_bytes,
            "peak_rss_bytes": last.peak_rss_bytes if last else None,
            "plan_digest": self.plan_digest,
            "failure": str(self.failure) if self.failure else "",
        }
