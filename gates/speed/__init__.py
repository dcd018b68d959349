"""What `slo` is made of: limits, quantities, targets, and how sure a figure is."""
