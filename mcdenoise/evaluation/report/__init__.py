"""The report of an evaluation: one folder with a page that opens from disk, and an HDR viewer in it."""

from mcdenoise.evaluation.report.writer import ReportWriter, ViewImages

__all__ = ["ReportWriter", "ViewImages"]
