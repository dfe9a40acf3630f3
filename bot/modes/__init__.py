"""The ways to hold a conversation: which a new call gets, and how an operator switches them."""
