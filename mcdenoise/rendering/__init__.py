"""Rendering independent realizations with Mitsuba 3: the only place that imports mitsuba, and only when it renders."""
