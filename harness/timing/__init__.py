"""The statistics of measured times: pure functions of numbers, which know neither folders nor frameworks."""
