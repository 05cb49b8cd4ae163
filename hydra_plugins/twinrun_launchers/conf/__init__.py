"""The nodes of the launchers, as files of Hydra."""
