"""Providers that fail or dawdle, and how a caller never notices: breakers, hedges, chains."""
