"""Django's PostgreSQL backend, which may empty the audit log after a test."""
