"""The leakage audit: which rows of a benchmark a training set holds already, and what a score is worth without them."""
