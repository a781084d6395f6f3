"""A run as a folder of pages that any browser opens from disk."""

from codedance.viewer.site.build import SiteReport, count_trajectories, write_site
from codedance.viewer.site.verdicts import Verdict, reference_verdict

__all__ = ["SiteReport", "Verdict", "count_trajectories", "reference_verdict", "write_site"]
