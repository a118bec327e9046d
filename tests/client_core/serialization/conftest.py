"""Settings of the property tests."""

from hypothesis import settings

# A deadline would make them fail on a busy machine, and would prove nothing about bounded work.
settings.register_profile("payloads", deadline=None)
settings.load_profile("payloads")
