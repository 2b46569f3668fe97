"""Measurements in the same run of two things that a figure compares: ratios, no absolute times."""
