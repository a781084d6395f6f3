"""Evidence from finished runs: what code does, what was learned where, and whether it looks at the evidence."""
