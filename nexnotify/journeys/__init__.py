"""Journeys: when an activity occurs, after a delay, a person is written to, once."""
