"""Looking at what happened: a page for every trajectory, a site for every run."""

from codedance.viewer.trace import Judged, Place, Standing, trace_page, write_trace_page

__all__ = ["Judged", "Place", "Standing", "trace_page", "write_trace_page"]
