"""What `docs` looks at: pages, their links and their blocks of code."""
