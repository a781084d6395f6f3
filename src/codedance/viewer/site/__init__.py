"""A run as a folder of pages that any browser opens from disk."""

from codedance.viewer.site.build import SiteReport, write_site
from codedance.viewer.site.verdicts import Verdict, reference_verdict

__all__ = ["SiteReport", "Verdict", "reference_verdict", "write_site"]
