"""What customers pay by themselves: settled with their orders, or given back."""
