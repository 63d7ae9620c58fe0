"""The only writers. A service locks the order, decides, writes row and event, and returns the order."""
