"""Setting TensorFlow up for an arm, and the environment in which it then runs."""

from __future__ import annotations

import os

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import DeviceUnavailableError, Environment
from harness.spec.arm import Arm, DeviceName

FLAGS = ("OMP_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "XLA_FLAGS")


def set_up(arm: Arm) -> DeviceName:
    """Sets and returns the device, and sets the threads. It must be called before the first operation."""
    name = best_device() if arm.device == "auto" else arm.device
    problem = "" if name == "cpu" else unavailable(name)
    if problem:
        raise DeviceUnavailableError(f"TensorFlow {tf.__version__} cannot use {name}: {problem}")
    tf.config.set_soft_device_placement(False)  # otherwise /GPU:0 silently runs on the CPU
    if name == "cpu":
        tf.config.set_visible_devices([], "GPU")
    else:
        tf.config.experimental.enable_tensor_float_32_execution(False)
    if arm.threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(arm.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    if arm.realisation == "exact":
        # Grappler reorders products (a * b) * c, which changes the last bit of the canonical rules.
        tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
    return name


def best_device() -> DeviceName:
    """The first usable accelerator, else the CPU."""
    for name in ("ascend", "gpu"):
        if not unavailable(name):
            return name
    return "cpu"


def unavailable(name: DeviceName) -> str:
    """The reason why a device cannot be used; empty where it can."""
    if name == "ascend":
        return "TensorFlow has no Ascend support of its own"
    if tf.config.list_physical_devices("GPU"):
        return ""
    has_cuda = tf.test.is_built_with_cuda()
    return "no CUDA device found" if has_cuda else "this build has no CUDA support"


def environment(arm: Arm) -> Environment:
    """The versions, the device, the threads and the flags of this process."""
    flags = {name: os.environ[name] for name in FLAGS if name in os.environ}
    # The device that holds a tensor, which may differ from the requested one.
    device = tf.zeros(()).device.rpartition("device:")[2].partition(":")[0].lower()
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
    peak = None if device == "cpu" else int(tf.config.experimental.get_memory_info(f"{device.upper()}:0")["peak"])
    return Environment("tensorflow", tf.__version__, device, arm.threads, versions, flags, peak)
