"""Reports of tools of any language: how they are found, read and judged."""
