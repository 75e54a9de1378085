"""Schedules: when a published pipeline runs by itself, and the loop that submits."""
