"""Several processes on one port (`WORKERS` above 1).

The program itself is the front: it accepts every connection, reads the first request's head, and
hands the connection's descriptor to the worker that has the call. From then on the worker talks to
the client alone: a frame of audio costs what it costs in one process.
"""
