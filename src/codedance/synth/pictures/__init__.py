"""Trajectories from anyone's pictures, with a teacher model; easy questions told from hard ones, weak to strong."""
