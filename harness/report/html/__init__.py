"""`report.html`: a page that stands on its own, made from the folder of a run alone."""
