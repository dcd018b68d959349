"""What `red_green` and `stub_probe` are made of: what has changed, what to run on which tree, what it came to."""
