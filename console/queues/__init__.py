"""Queues: forms, writes, and what people are told of them."""
