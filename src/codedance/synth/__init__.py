"""Making trajectories: the oracle of the worlds, executed in the real loop."""
