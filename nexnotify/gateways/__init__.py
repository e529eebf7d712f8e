"""Gateways: the contract a plugin keeps, the loader that finds plugins, and a store's configured gateways."""
