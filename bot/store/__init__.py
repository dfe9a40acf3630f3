"""Where calls are written. Floor: above `settings`; imports nothing of a call's own rooms."""
