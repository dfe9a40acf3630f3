"""The console: the page from which an operator runs the phone (`/console`), and its routes."""
