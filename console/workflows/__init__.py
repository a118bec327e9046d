"""Workflows: how they are searched for, and what is told of a run and asked of it."""
