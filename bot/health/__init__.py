"""How the server is, for load balancers, operators and their tools."""
