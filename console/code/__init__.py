"""Actions as code to copy."""
