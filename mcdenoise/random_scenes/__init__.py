"""Random scenes: as many different ones as are wanted, as Mitsuba XML that plain Mitsuba opens."""
