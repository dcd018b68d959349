"""The run of the target's tests: how it is started, watched, and believed."""
