"""OpenAI's speech-to-speech model as the mind of a call.

The house keeps what is its own: when the caller has the floor, when a turn is over, what was heard,
the tools. The API hears the caller's stretches of speech, and answers when it is asked.
"""
