"""Stores are the tenants; staff belong to them by memberships; keys open the API."""
