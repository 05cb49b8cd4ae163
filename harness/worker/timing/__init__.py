"""Times one process of a bench: its phases, blocks of training steps, its memory, and what the host did meanwhile.

`tasks` are the questions to the process of an arm, `control` that to the process of the control.
"""
