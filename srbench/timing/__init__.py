"""Latency and cost of methods."""
