"""Training: sequences, losses, the loop with checkpoints, the embedded model's recipe, evaluation on worlds."""
