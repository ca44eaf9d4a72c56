"""The tests of gradc; the rooms of the package have a file each, and what they share is in `support` and `oracle`."""
