"""Looking at what happened: a page for every trajectory."""

from codedance.viewer.page import trace_page, write_trace_page

__all__ = ["trace_page", "write_trace_page"]
