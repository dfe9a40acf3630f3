"""The deep brain: OpenClaw's gateway, and the tasks that are handed to it.

`gateway.py` is the border to the vendor (`connection.py` its socket, `session.py` what became of
a run, `follow.py` how one is followed). `tasks.py` is what the rest of the house uses; beneath it
`work.py` is a task's life, `durable.py` keeps it alive across restarts, `kept.py` holds results
that nobody could be told yet. `thinking.py` answers one question, streamed.
"""
