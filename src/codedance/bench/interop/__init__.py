"""Results of an evaluation in the files of other programs."""
