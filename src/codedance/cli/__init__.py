"""The command line: the only room that prints and reads the environment."""
