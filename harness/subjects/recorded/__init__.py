"""Any two recorded runs, side by side: may they be compared, do their numbers agree, what changed, is one slower.

Nothing here needs a framework, or the machine the runs were made on.
"""
