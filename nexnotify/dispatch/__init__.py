"""Sending: lanes, pacing, claiming, delivering, settling and trying again."""
