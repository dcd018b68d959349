"""What must be true: one module a check, pure where it judges."""
