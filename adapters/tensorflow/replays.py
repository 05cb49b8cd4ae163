"""Many steps of several updates side by side in TensorFlow. In compiled modes they are one loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from adapters.tensorflow.runtime import array, compiles, floats, integers, variable
from adapters.tensorflow.updates import whole_update
from harness.spec.recipe import Update


def replays(
    updates: Sequence[Update],
    parameters: Parameters,
    gradients: Parameters,
    milestones: Sequence[int],
    setting: Setting,
) -> Iterator[list[dict[str, Array]]]:
    """Yields the parameters of every update after each milestone, as `Adapter.replays` does."""
    gradient_tensors = [floats(gradients[name], setting) for name in parameters]
    variable_sets, whole_updates = [], []
    for index, update in enumerate(updates):
        variables = {name: variable(f"{index}.{name}", value, setting) for name, value in parameters.items()}
        whole = whole_update(update, variables, len(next(iter(gradients.values()))), setting)
        variable_sets.append(variables)
        whole_updates.append(whole.apply_gradients)
    loop: Any = (CompiledLoop if compiles(setting) else EagerLoop)(whole_updates, setting)
    for start, stop in zip((0, *milestones), milestones, strict=False):
        loop(integers(start), integers(stop), *gradient_tensors)
        yield [{name: array(parameter) for name, parameter in variables.items()} for variables in variable_sets]


class CompiledLoop:
    """Applies the gradients of the steps `start` to `stop - 1` by every update, in one graph."""

    def __init__(self, whole_updates: Sequence[Any], setting: Setting) -> None:
        self.whole_updates = whole_updates
        self.compiled = tf.function(self.steps, jit_compile=setting.compiler == "xla", autograph=False)

    def __call__(self, start: Any, stop: Any, *gradients: Any) -> None:
        self.compiled(start, stop, *gradients)

    def steps(self, start: Any, stop: Any, *gradients: Any) -> Any:
        """The loop over the steps."""

        def run_step(step: Any) -> Any:
            step_gradients = [tf.gather(gradient, step) for gradient in gradients]
            for update in self.whole_updates:
                update(step_gradients)
            return (step + 1,)

        return tf.while_loop(lambda step: step < stop, run_step, (start,))


class EagerLoop:
    """Applies the gradients of the steps `start` to `stop - 1` by every update, call by call."""

    def __init__(self, whole_updates: Sequence[Any], setting: Setting) -> None:
        self.whole_updates = whole_updates

    def __call__(self, start: Any, stop: Any, *gradients: Any) -> None:
        for step in range(int(start), int(stop)):
            for update in self.whole_updates:
                update(tuple(gradient[step] for gradient in gradients))
