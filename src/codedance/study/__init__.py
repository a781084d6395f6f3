"""The study: the paper's recipe from data to policies in small, and each of its claims beside what came of it."""
