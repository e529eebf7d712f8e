"""Measurements: ratios within one run, so that they hold on a noisy machine."""
