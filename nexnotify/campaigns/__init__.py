"""Texts that staff send: to one person, or to an audience picked from customers and orders."""
