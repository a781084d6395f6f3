"""The plan of a larger run, by simulation: how long, on how many machines, at what price, and what gives way first."""
