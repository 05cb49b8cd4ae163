"""Specs as TensorFlow and Keras objects. Each file has a twin, laid out alike, in `adapters/mindspore`.

`create` imports TensorFlow; no earlier step does.
"""

import os
from pathlib import Path

from adapters.info import AdapterInfo, Requirement, UserLoops, UserModels
from adapters.protocol import Adapter
from adapters.tensorflow.realisations import ENTRIES
from adapters.tensorflow.specifics.optional_imports import uninstalled
from harness.spec.arm import Arm


def create(arm: Arm) -> Adapter:
    """The adapter of an arm. Imports the framework."""
    os.environ["KERAS_BACKEND"] = "tensorflow"  # Keras reads it once, at its import
    if arm.layout == "channels_first":
        # On a CPU these kernels are oneDNN's, which TensorFlow uses by itself on some processors and not on others.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with uninstalled():
        from adapters.tensorflow.adapter import TensorFlowAdapter

    return TensorFlowAdapter(arm)


INFO = AdapterInfo(
    title="TensorFlow",
    distribution="tensorflow",
    modes=("graph", "eager", "graph_step", "xla"),
    entries=ENTRIES,
    create=create,
    versions=">=2.21,<2.22",
    packages=("tensorflow", "keras"),  # Keras' classes have Keras' version
    devices=("cpu", "gpu"),
    install="pip install 'twinrun[tensorflow]'",
    ledger=Path(__file__).parent / "ledger",
    omitted=Path(__file__).parent / "omitted.yaml",
    user_models=UserModels(
        module="adapters.tensorflow.user_model",
        arm="tensorflow_eager",
        eager_mode="eager",
        words="adapters.tensorflow.user_words",
        spellings={
            "batch_norm momentum": "keras.layers.BatchNormalization(momentum={})",
            "batch_norm epsilon": "keras.layers.BatchNormalization(epsilon={})",
            "batch_norm in training": "keras.layers.BatchNormalization called without training=False, and trainable",
            "layer_norm epsilon": "keras.layers.LayerNormalization(epsilon={})",
            "group_norm epsilon": "keras.layers.GroupNormalization(epsilon={})",
            "instance_norm epsilon": "keras.layers.GroupNormalization(groups=-1, epsilon={})",
            "rms_norm epsilon": "keras.layers.RMSNormalization(epsilon={})",
            "masks": "keras.layers.Embedding(mask_zero=False) and no Masking; or seq_length in the call of nn.LSTM",
            "padding 1": "keras.layers.ZeroPadding1D(({}, {})) before Conv1D(padding='valid')",
            "padding 2": "keras.layers.ZeroPadding2D((({}, {}), ({}, {}))) before Conv2D(padding='valid')",
            "padding 3": "keras.layers.ZeroPadding3D((({}, {}), ({}, {}), ({}, {}))) before Conv3D(padding='valid')",
            "same padding 1": "padding='same' in keras.layers.Conv1D",
            "same padding 2": "padding='same' in keras.layers.Conv2D",
            "same padding 3": "padding='same' in keras.layers.Conv3D",
            "elu": "keras.layers.ELU(alpha={})",
            "gru reset after": "keras.layers.GRU(reset_after=True)",
            "leaky_relu": "keras.layers.LeakyReLU(negative_slope={})",
            "gelu": "keras.activations.gelu(x, approximate=True)",
        },
        template=Path(__file__).parent / "templates" / "network.py.template",
    ),
    user_loops=UserLoops("adapters.tensorflow.user_loops", ("fit", "fit_steps_per_execution")),
    requirements=(Requirement(("tensorflow",), "protobuf", "<8", "TensorFlow 2.21 asks for it"),),
    exclusive=("tensorflow", "tensorflow-cpu"),
    # Entries speak of oneDNN's kernels, which TensorFlow uses by itself on some processors and not on others.
    evidence_environment={"TF_ENABLE_ONEDNN_OPTS": "1"},
    # None: TF_ENABLE_ONEDNN_OPTS=0 was measured no faster, and entries of the ledger speak of oneDNN's kernels.
    arrangements={},
)
