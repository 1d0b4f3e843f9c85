"""What it is worth: tallies, decay, scores, stages and their explanation."""
