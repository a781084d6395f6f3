"""Shared by geometry and mathematics: drawing figures, reading them, words about them."""
