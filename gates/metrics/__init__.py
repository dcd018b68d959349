"""Figures of single files, which are kept by content."""
