"""The page of one trajectory."""

from codedance.viewer.trace.judged import Judged
from codedance.viewer.trace.page import Place, trace_page, write_trace_page
from codedance.viewer.trace.reward import Standing

__all__ = ["Judged", "Place", "Standing", "trace_page", "write_trace_page"]
