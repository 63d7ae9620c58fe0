"""The only writers. A service takes the order's lock, decides, writes row and event, and returns the order."""
