"""Which model? One fixed set of spoken requests, asked of several, and a table of what they did."""
