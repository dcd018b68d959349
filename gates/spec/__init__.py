"""What `specification` is made of: Turtle and SHACL, JSON and JSON Schema."""
