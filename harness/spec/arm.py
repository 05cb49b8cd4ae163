"""One side of a comparison: which adapter runs, where, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from harness.spec.base import Name, Spec

Precision = Literal["float32", "float64"]
Policy = Literal["native", "exact"]
DeviceName = Literal["auto", "cpu", "gpu", "ascend"]
Layout = Literal["auto", "channels_last", "channels_first"]
# The operating system takes no other name.
VariableName = Annotated[str, Field(pattern=r"^[^=\x00]+$")]
LONGEST_S = 1e6  # eleven days; the system's own clocks overflow at some larger number


def _npu_is_ascend(value: Any) -> Any:
    return "ascend" if isinstance(value, str) and value.lower() == "npu" else value


def _as_text(value: Any) -> Any:
    """YAML and the command line make a number of `4`; the environment holds text."""
    if not isinstance(value, dict):
        return value
    return {key: str(each) if type(each) in (int, float) else each for key, each in value.items()}


class Arm(Spec):
    """Adapter, device, execution mode, precision, realisation policy, threads, and the limits of its process.

    `realisation = native` runs the framework's own classes where they express the spec; `exact` runs the canonical
    rules from primitives with every scalar coefficient computed in float64 and rounded once. `threads = null` leaves
    the framework's own choice, as does `layout = auto`, which is how images lie in memory (a spec's shapes are
    channels last in any case). `environment` is set before the framework is imported. `python` names another
    interpreter, which must have twinrun's own requirements and the framework.

    `spec` is what this arm is given in place of the experiment's own words: a value, or a word, by its dotted path
    (`optimizer.form: rate_outside`, `model.layers.2.momentum: 0.1`). So the choices of a port stand on one side; the
    arm is still judged by the experiment's words.
    """

    name: Name
    adapter: str
    mode: str
    device: Annotated[DeviceName, BeforeValidator(_npu_is_ascend)] = "auto"
    precision: Precision = "float32"
    realisation: Policy = "native"
    layout: Layout = "auto"
    threads: Annotated[int, Field(gt=0, le=4096)] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=LONGEST_S)] = 3600.0
    environment: Annotated[dict[VariableName, str], BeforeValidator(_as_text)] = Field(default_factory=dict)
    python: str | None = None
    spec: dict[str, Any] = Field(default_factory=dict)
