"""What `integrity` looks at in the difference between two trees."""
