"""Faults under load, and the proof that nothing was lost, shown twice or shown in another order."""
