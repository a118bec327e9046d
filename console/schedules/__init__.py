"""Schedules: forms, writes, sets, and what they will do."""
