"""Faults on purpose: kills, floods, full disks, flipped bits, and what must hold then."""
