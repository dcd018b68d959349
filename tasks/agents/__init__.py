"""Whom an assignment asks: one module a kind."""
