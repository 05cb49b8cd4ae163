"""How many faults were planted, and how many were noticed: what the tests of this folder print at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.rungs.registry import names


@dataclass
class Tally:
    """By the fault's name. A fault that was planted and of which nothing was found is one that was not noticed."""

    rungs: dict[str, str] = field(default_factory=dict)
    noticed: set[str] = field(default_factory=set)
    at_its_rung: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    def planted(self, rung: str, name: str) -> None:
        assert name not in self.rungs, f"two faults are called {name}"
        self.rungs[name] = rung

    def found(self, name: str, *, noticed: bool, at_its_rung: bool, named: bool) -> None:
        for those, so in ((self.noticed, noticed), (self.at_its_rung, at_its_rung), (self.named, named)):
            if so:
                those.add(name)

    def plain(self) -> dict[str, Any]:
        """As it crosses to another process."""
        sets = {name: sorted(getattr(self, name)) for name in ("noticed", "at_its_rung", "named")}
        return {"rungs": self.rungs, **sets}

    def add(self, plain: Mapping[str, Any]) -> None:
        """What another process counted."""
        for name, rung in plain.get("rungs", {}).items():
            self.planted(rung, name)
        for those in ("noticed", "at_its_rung", "named"):
            getattr(self, those).update(plain.get(those, ()))

    def lines(self) -> list[str]:
        planted = len(self.rungs)
        share = 100 * len(self.noticed) / planted if planted else 0.0
        found = f"noticed: {len(self.noticed)} ({share:.3g} %), at the right rung: {len(self.at_its_rung)}"
        rows = [f"planted faults: {planted}, {found}, culprit named: {len(self.named)}", ""]
        rows.append(f"{'rung':<14}{'planted':>8}{'noticed':>8}{'there':>8}{'named':>8}")
        ladder = list(names())
        for rung in sorted({*self.rungs.values()}, key=lambda name: (name not in ladder, [*ladder, name].index(name))):
            own = {name for name, where in self.rungs.items() if where == rung}
            counts = (len(own & those) for those in (own, self.noticed, self.at_its_rung, self.named))
            rows.append(f"{rung:<14}" + "".join(f"{count:>8}" for count in counts))
        missed = [name for name in self.rungs if name not in self.noticed]
        return rows + [f"not noticed: {name}" for name in missed]
