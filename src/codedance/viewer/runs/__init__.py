"""The run browser: an index of runs on disk, and a live server that shows them."""
