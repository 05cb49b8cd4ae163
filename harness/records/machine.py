"""The machine on which something was timed, as far as times depend on it."""

from __future__ import annotations

from harness.spec.base import Spec


class Machine(Spec):
    """`processor`: its model. `cores`: that the process may use. `memory_gib`: of the host, rounded. `system`: the
    kind of operating system and the architecture. `features`: a digest of the processor's flags, which differ where a
    virtual machine hides some."""

    processor: str
    cores: int
    memory_gib: int
    system: str
    features: str

    def differences(self, other: Machine) -> list[str]:
        """Each field that differs, as `field: this, other`; empty where absolute times can be compared."""
        return [
            f"{name}: {mine!r} and {theirs!r}"
            for (name, mine), (_, theirs) in zip(self, other, strict=True)
            if mine != theirs
        ]
