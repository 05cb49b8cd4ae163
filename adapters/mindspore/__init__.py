"""Specs as MindSpore objects. Each file here has a twin of the same name, laid out alike, in `adapters/tensorflow`.

`create` imports MindSpore; no earlier step does.
"""

from pathlib import Path

from adapters.info import AdapterInfo, Arrangement, Requirement, UserLoops, UserModels
from adapters.mindspore.realisations import ENTRIES
from adapters.protocol import Adapter
from harness.spec.arm import Arm


def create(arm: Arm) -> Adapter:
    """The adapter of an arm. Imports the framework."""
    from adapters.mindspore.adapter import MindSporeAdapter

    return MindSporeAdapter(arm)


INFO = AdapterInfo(
    title="MindSpore",
    distribution="mindspore",
    modes=("jit", "pynative", "jit_step", "jit_o1"),
    entries=ENTRIES,
    create=create,
    versions=">=2.10,<2.11",
    packages=("mindspore",),
    devices=("cpu", "gpu", "ascend"),
    install="pip install 'twinrun[mindspore]'",
    ledger=Path(__file__).parent / "ledger",
    omitted=Path(__file__).parent / "omitted.yaml",
    user_models=UserModels(
        module="adapters.mindspore.user_model",
        arm="mindspore_pynative",
        eager_mode="pynative",
        words="adapters.mindspore.user_words",
        spellings={
            "batch_norm momentum": "nn.BatchNorm2d(momentum={})",
            "batch_norm epsilon": "nn.BatchNorm2d(eps={})",
            "batch_norm unbiased": "ledger: mindspore-batch_norm-unbiased",
            "batch_norm in training": "nn.BatchNorm2d(use_batch_statistics=None), and set_train() of the whole model",
            "layer_norm epsilon": "nn.LayerNorm(epsilon={})",
            "group_norm epsilon": "nn.GroupNorm(eps={})",
            "instance_norm epsilon": "nn.InstanceNorm2d(eps={})",
            "padding 1": "nn.Conv1d(pad_mode='pad', padding=({}, {}))",
            "padding 2": "nn.Conv2d(pad_mode='pad', padding=({}, {}, {}, {}))",
            "padding 3": "nn.Conv3d(pad_mode='pad', padding=({}, {}, {}, {}, {}, {}))",
            "same padding 1": "pad_mode='same' in nn.Conv1d",
            "same padding 2": "pad_mode='same' in nn.Conv2d",
            "same padding 3": "pad_mode='same' in nn.Conv3d",
            "batch_first": "nn.{}(batch_first={})",
            "elu": "nn.ELU(alpha={})",
            "gru reset after": "nn.GRU, which resets after the product in any case",
            "leaky_relu": "nn.LeakyReLU(alpha={})",
            "gelu": "nn.GELU(), which approximates on a CPU in any case",
        },
        template=Path(__file__).parent / "templates" / "network.py.template",
    ),
    user_loops=UserLoops("adapters.mindspore.user_loops", ("Model.train",)),
    requirements=(
        Requirement(("mindspore",), "numpy", ">=1.26.4,<2", "MindSpore 2.10 is compiled against the NumPy 1.26 C API"),
        Requirement(("mindspore", "tensorflow"), "protobuf", ">=7.34.1,<8", "the window that both frameworks accept"),
        Requirement(("mindspore",), "protobuf", ">=7.34.1", "MindSpore 2.10 asks for it"),
        Requirement(("mindspore",), "pyarrow", "<26", "pyarrow 26 refuses NumPy 1.26 when it is imported"),
    ),
    # With AVX-512, oneDNN 3.10 computes the output of MindSpore's convolutions by reference kernels (ONEDNN_VERBOSE=1
    # shows `jit_uni_ncsp:conv+ref`), with AVX2 by compiled ones. AVX512_CORE was slower than AVX2 too.
    arrangements={"avx2": Arrangement({"ONEDNN_MAX_CPU_ISA": "AVX2"}, ("avx512f", "amx_tile"))},
)
