"""Whether a base can be compared with a head at all, and what differs between them that may."""

from __future__ import annotations

from collections.abc import Iterator

from harness.subjects.gate.side import Side
from harness.subjects.recorded.comparable import ASIDE, PARTS, differing_specs

# Fields of an arm that may differ: a limit on its time, and the interpreter, which is how versions are compared.
ARM_ASIDE = ("timeout_s", "python")


def refusals(head: Side, base: Side) -> list[str]:
    """Why nothing of these two can be compared; empty where something can."""
    found = differing_specs(head.experiment, base.experiment, PARTS, (*ASIDE, "seed"))
    shared = [seed for seed in head.plans if seed in base.plans]
    if not shared:
        found.append(f"other seeds: {_listed(head.plans)} in the head, {_listed(base.plans)} in the base")
    found += [
        f"another plan (weights, batches, noise, augmentation) at seed {seed}: digest {head.plans[seed][:16]} in the "
        f"head, {base.plans[seed][:16]} in the base"
        for seed in shared
        if head.plans[seed] != base.plans[seed]
    ]
    if head.bench and base.bench and head.bench.protocol != base.bench.protocol:
        found.append(
            f"another protocol of timing: version {head.bench.protocol} in the head, {base.bench.protocol} in the "
            "base; time the base again"
        )
    return [text.replace(" in A", " in the head").replace(" in B", " in the base") for text in found]


def other_machine(head: Side, base: Side) -> str:
    """Why times of these two are not compared; empty where they were measured on machines of one kind."""
    if head.bench is None or base.bench is None:
        return ""
    if head.bench.machine is None or base.bench.machine is None:
        return "the machine was not recorded"
    return "; ".join(f"another machine, {text}" for text in head.bench.machine.differences(base.bench.machine))


def other_settings(head: Side, base: Side, arm: str) -> str:
    """Why an arm is not the same on both sides; empty where it is."""
    one, other = head.arm(arm), base.arm(arm)
    if one is None or other is None:
        return f"the {'head' if one is None else 'base'} has no arm {arm}"
    found = differing_specs(one, other, set(type(one).model_fields) - set(ARM_ASIDE))
    return "; ".join(
        text.replace("another spec: ", "other settings: ")
        .replace(" in A", " in the head")
        .replace(" in B", " in the base")
        for text in found
    )


def changed(head: Side, base: Side) -> Iterator[str]:
    """What differs and is not refused: the versions of packages, by arm."""
    for arm, versions in head.versions.items():
        before = base.versions.get(arm, {})
        for package in dict.fromkeys([*versions, *before]):
            now, then = versions.get(package, "none"), before.get(package, "none")
            if before and now != then:
                yield f"{arm}: {package} {now} in the head, {then} in the base"


def _listed(seeds: object) -> str:
    return ", ".join(map(str, seeds))  # type: ignore[call-overload]
