"""The devices of this host as resources: which one an arm's process sees, and that only one job is timed on each.

A timed job has its device for itself among all processes of twinrun on the host, by a lock that ends with the process.
Before it starts, the memory of the device has to be back near its baseline, since a framework gives memory back some
time after its process has ended; where it is not, the job is flagged.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import adapters
from harness.spec.arm import AUTO, Arm
from harness.system import accelerators
from harness.system.accelerators import FIRST_VISIBLE, VISIBLE, Accelerator, NoSuchDeviceError, accelerator
from harness.system.files import in_units

LOCKS = "twinrun-devices"  # below the folder of temporary files, for all users of the host
NEAR_BYTES = 64 << 20  # what a driver may keep after a process
SETTLED_S, POLL_S = 30.0, 0.2  # how long memory is waited for; how often it, and a device in use, is looked at

_baselines: dict[Accelerator, int] = {}
_noting = Lock()


def variables_of(arm: Arm, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which the arm's process sees only its device, which is then its first, and its number 0.

    None where the arm states no `device_id`. `environment`: that of this process, whose own limits hold: an index
    counts the devices that it sees. Raises NoSuchDeviceError where there are fewer.
    """
    if arm.device_id is None:
        return {}
    if arm.device != AUTO:
        number = accelerator(arm.device, arm.device_id, environment).number
        return {VISIBLE[arm.device]: number, **FIRST_VISIBLE.get(arm.device, {})}
    variables, refused = dict[str, str](), list[NoSuchDeviceError]()
    for kind, variable in VISIBLE.items():
        try:
            variables[variable] = accelerator(kind, arm.device_id, environment).number
            variables |= FIRST_VISIBLE.get(kind, {})
        except NoSuchDeviceError as error:
            refused.append(error)
    if not variables:
        raise refused[0]
    return variables


def device_of(arm: Arm, reported: str = "") -> Accelerator | None:
    """The device that the arm's process uses; None for a processor, or where there is no such device.

    `reported`: the kind that a process of the arm has reported, which decides where the arm states `auto`.
    """
    kind = reported or arm.device
    if kind == AUTO:
        offered = adapters.info(arm.adapter).devices if arm.adapter in adapters.usable() else ()
        kind = next((kind for kind in offered if accelerators.has_tool(kind)), "")
    if kind not in VISIBLE:
        return None
    stated = arm.environment.get(VISIBLE[kind])
    if stated is not None:  # the arm's own variables take precedence, and its process uses the first that it sees
        return Accelerator(kind, stated.split(",")[0].strip())
    try:
        return accelerator(kind, arm.device_id or 0, os.environ)
    except NoSuchDeviceError:
        return None


def note_baselines(arms: Iterable[Arm]) -> None:
    """Notes how much memory of the arms' devices is in use before any process of theirs runs."""
    for arm in arms:
        if (device := device_of(arm)) is not None:
            _baseline(device)


@contextmanager
def alone_on(device: Accelerator | None, say: Callable[[str], None]) -> Iterator[str]:
    """Holds a device for one timed job. The value is the flag of the job: why its time may be off; empty if it is not.

    It waits while another process of twinrun times a job on the device, and says so. Without a device nothing is held.
    """
    if device is None:
        yield ""
        return
    with _locked(device, say):
        yield settled(device)


@contextmanager
def _locked(device: Accelerator, say: Callable[[str], None]) -> Iterator[None]:
    try:
        descriptor = _lock_file(device)
    except OSError as error:
        say(f"{device} is not locked ({error.strerror}): another process of twinrun may time a job on it")
        yield
        return
    try:
        _wait_for(descriptor, device, say)
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def _lock_file(device: Accelerator) -> int:
    """The open lock file of a device, which every user of the host can open."""
    folder = Path(tempfile.gettempdir()) / LOCKS
    folder.mkdir(exist_ok=True)
    if folder.stat().st_uid == os.getuid():
        folder.chmod(0o1777)
    name = "".join(character if character.isalnum() else "_" for character in str(device))
    path = folder / f"{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    with suppress(PermissionError):  # another user's, which has been opened to all by that user
        os.fchmod(descriptor, 0o666)
    return descriptor


def _wait_for(descriptor: int, device: Accelerator, say: Callable[[str], None]) -> None:
    is_said = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not is_said:
                say(f"waits for {device}: another process of twinrun times a job on it")
            is_said = True
            time.sleep(POLL_S)


def settled(device: Accelerator, is_given_up: Callable[[], bool] = lambda: False) -> str:
    """Waits until the device's memory is back near its baseline. Returns why it is not; empty where it is.

    The baseline is the least memory in use that this process has seen, now or before.
    """
    baseline, until = _baseline(device), time.monotonic() + SETTLED_S
    while not is_given_up() and (used := accelerators.used_bytes(device)) is not None and baseline is not None:
        if used <= baseline + NEAR_BYTES:
            return ""
        if time.monotonic() > until:
            held = in_units(used - baseline)
            return f"{device} still held {held} more than its baseline after {SETTLED_S:g} s, when the job began"
        time.sleep(POLL_S)
    return ""


def _baseline(device: Accelerator) -> int | None:
    """The least memory in use that was seen before a job; None where no tool tells it."""
    used = accelerators.used_bytes(device)
    with _noting:
        if used is not None:
            _baselines[device] = min(used, _baselines.get(device, used))
        return _baselines.get(device)
