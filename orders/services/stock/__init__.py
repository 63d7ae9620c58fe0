"""Stock: levels, what is reserved of them for orders, and every change."""
