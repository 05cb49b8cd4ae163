"""The fields of an arm that can run code, and whether they come from a file or from the command line.

An arm's `python` is a program. A variable of its `environment` may name code that an interpreter, a loader or a
framework runs, so every variable except those in `HARMLESS` counts. Values that the user typed and files that ship with
the program are trusted; values from other files are used only if the user says that these are trusted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from harness.composition.overrides import read
from harness.composition.yaml_files import read_yaml
from harness.spec.arm import Arm
from harness.system.config_folders import installed_folders, options_in
from harness.system.files import FileError

# The variables that any file may set: numbers and switches. None names a file, a folder, a module or a program.
HARMLESS: dict[str, tuple[str, ...]] = {
    "threads": (
        "GOMP_CPU_AFFINITY",
        "KMP_AFFINITY",
        "KMP_BLOCKTIME",
        "MKL_DYNAMIC",
        "MKL_NUM_THREADS",
        "MS_ENABLE_NUMA",
        "NUMEXPR_NUM_THREADS",
        "OMP_DYNAMIC",
        "OMP_NUM_THREADS",
        "OMP_PLACES",
        "OMP_PROC_BIND",
        "OMP_SCHEDULE",
        "OMP_WAIT_POLICY",
        "OPENBLAS_NUM_THREADS",
        "TF_GPU_THREAD_COUNT",
        "TF_GPU_THREAD_MODE",
        "TF_NUM_INTEROP_THREADS",
        "TF_NUM_INTRAOP_THREADS",
    ),
    "logging": (
        "ASCEND_GLOBAL_LOG_LEVEL",
        "ASCEND_SLOG_PRINT_TO_STDOUT",
        "GLOG_v",
        "MKL_VERBOSE",
        "MS_SUBMODULE_LOG_v",
        "ONEDNN_VERBOSE",
        "TF_CPP_MAX_VLOG_LEVEL",
        "TF_CPP_MIN_LOG_LEVEL",
    ),
    "numbers": (
        "ASCEND_LAUNCH_BLOCKING",
        "CUBLAS_WORKSPACE_CONFIG",
        "CUDA_LAUNCH_BLOCKING",
        "DNNL_DEFAULT_FPMATH_MODE",
        "DNNL_MAX_CPU_ISA",
        "HCCL_DETERMINISTIC",
        "MKL_CBWR",
        "MKL_ENABLE_INSTRUCTIONS",
        "MS_ASCEND_CHECK_OVERFLOW_MODE",
        "MS_DEV_JIT_SYNTAX_LEVEL",
        "MS_JIT_SYNTAX_LEVEL",
        "NPY_DISABLE_CPU_FEATURES",
        "NVIDIA_TF32_OVERRIDE",
        "ONEDNN_DEFAULT_FPMATH_MODE",
        "ONEDNN_MAX_CPU_ISA",
        "OPENBLAS_CORETYPE",
        "PYTHONHASHSEED",
        "TF_CUDNN_DETERMINISTIC",
        "TF_CUDNN_USE_AUTOTUNE",
        "TF_DETERMINISTIC_OPS",
        "TF_ENABLE_CUBLAS_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_CUDNN_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_ONEDNN_OPTS",
        "TF_FORCE_GPU_ALLOW_GROWTH",
        "TF_GPU_ALLOCATOR",
    ),
    "devices": (
        "ASCEND_DEVICE_ID",
        "ASCEND_RT_VISIBLE_DEVICES",
        "ASCEND_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "CUDA_VISIBLE_DEVICES",
        "DEVICE_ID",
        "HIP_VISIBLE_DEVICES",
        "NVIDIA_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
    ),
}
_HARMLESS = frozenset(name for names in HARMLESS.values() for name in names)
Code = tuple[str, str]  # a field below an arm (`python`, `environment.PYTHONPATH`) and its value


@dataclass(frozen=True)
class CodeField:
    """A field of an arm that can run code, its value, and the files that it may come from."""

    arm: str
    field: str
    value: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"arm {self.arm}: {self.field} = {self.value!r}, from {' or '.join(self.files)}"

    @property
    def refusal(self) -> str:
        """The message that refuses the field unless it is trusted."""
        how = f"give --trust to let it, or type arm.{self.field}=VALUE or arms.NUMBER.{self.field}=VALUE yourself"
        return f"{self}: this can run code; {how}"


def code_from_files(arms: Iterable[Arm], trusted: set[Code], sources: Sequence[Path]) -> tuple[CodeField, ...]:
    """The fields of the arms that can run code and are not `trusted`, and so come from the `sources`.

    `sources`: files and folders of config groups. Without any the result is empty, since files that ship are trusted.
    """
    foreign = [
        (arm.name, field, value)
        for arm in (arms if sources else ())
        for field, value in sorted(_of_arm(arm.model_dump()))
        if (field, value) not in trusted
    ]
    texts = dict(_texts(sources)) if foreign else {}
    files = [_files_with(sources, texts, field, value) for _, field, value in foreign]
    return tuple(CodeField(*code, of_field) for code, of_field in zip(foreign, files, strict=True))


def code_typed(overrides: Sequence[str], groups: Mapping[str, Sequence[str]]) -> set[Code]:
    """The fields in `overrides` that can run code. Interpolations in the values are not resolved."""
    typed: set[Code] = set()
    for change in read(overrides, groups).changes:
        tree: Any = change.value
        for key in reversed(change.path):
            tree = {key: tree}
        typed |= code_of(tree)
        variants = tree.get("variants")
        for of_variant in variants.values() if isinstance(variants, Mapping) else ():
            if isinstance(of_variant, list):
                typed |= code_typed([text for text in of_variant if isinstance(text, str)], groups)
    return typed


def code_installed() -> set[Code]:
    """The fields that can run code in the arm files of the program and of installed adapters."""
    code: set[Code] = set()
    for file in chain.from_iterable(options_in(folder, "arm") for folder in installed_folders()):
        with suppress(FileError):  # an unreadable file is reported when it is chosen
            code |= code_of({"arm": read_yaml(file)})
    return code


def code_of(tree: Mapping[str, Any]) -> set[Code]:
    """The fields that can run code in the `arm` and the `arms` of a config or of a part of one."""
    arms = tree.get("arms")
    entries = arms if isinstance(arms, list) else arms.values() if isinstance(arms, Mapping) else ()
    return {code for arm in (tree.get("arm"), *entries) for code in _of_arm(arm)}


def _of_arm(arm: Any) -> Iterator[Code]:
    """The fields of one arm that can run code."""
    if not isinstance(arm, Mapping):
        return
    if arm.get("python") is not None:
        yield "python", str(arm["python"])
    environment = arm.get("environment")
    for name, value in environment.items() if isinstance(environment, Mapping) else ():
        if name not in _HARMLESS:
            yield f"environment.{name}", str(value)


def _texts(sources: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """The files of the sources and their texts."""
    for source in sources:
        for file in sorted(source.glob("*/*.yaml")) if source.is_dir() else [source]:
            with suppress(OSError):
                yield file, file.read_text(encoding="utf-8", errors="replace")


def _files_with(sources: Sequence[Path], texts: Mapping[Path, str], field: str, value: str) -> tuple[str, ...]:
    """The files that assign the value to the field; every source if none does, since interpolations can compose it."""
    name = re.escape(field.removeprefix("environment."))
    spellings = "|".join(map(re.escape, (value, json.dumps(value)[1:-1])))
    assignment = re.compile(rf"""{name}["']?\s*[:=]\s*["']?(?:{spellings})(?=["'\s,}}\]]|$)""")
    matching = [file for file, text in texts.items() if assignment.search(text)]
    return tuple(map(str, matching or sources))
