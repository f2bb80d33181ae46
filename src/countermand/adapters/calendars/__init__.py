"""Calendars of working days, built from published holidays."""
