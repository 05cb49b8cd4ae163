"""Any two recorded runs, compared: whether they are comparable, agree, have changed, and are as fast as each other.

No code here needs a framework or the machine on which the runs were made.
"""
