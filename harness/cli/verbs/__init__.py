"""The verbs, one in each file as its `VERB`. A new file here is a new verb."""

from importlib import import_module
from pkgutil import iter_modules

from harness.cli.verb import Verb


def verbs() -> dict[str, Verb]:
    """All verbs, by name."""
    loaded = [import_module(f"{__name__}.{module.name}").VERB for module in iter_modules(__path__)]
    return {verb.name: verb for verb in loaded}
