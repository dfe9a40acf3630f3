"""A simulated phone call to a running server, over Twilio's own protocol, with real speech."""
