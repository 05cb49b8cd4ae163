"""The plots of a page, one file each: a function that makes a `FigureBlock` of records, or None where they lack it."""
