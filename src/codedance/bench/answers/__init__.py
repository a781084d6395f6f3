"""What a reply says: which part of it is the answer, which option, number or expression that is, and what it equals."""
