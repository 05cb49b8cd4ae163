"""What verbs print of studies, benches, scalings, comparisons and gates, in the detail that the user chose."""
