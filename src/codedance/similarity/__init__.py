"""Which pictures and questions are one: marks, indexes, evidence; for checks of data and audits alike."""
