"""What verbs print of studies, benches, sweeps, comparisons and gates, in the detail that the user chose."""
