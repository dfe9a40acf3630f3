"""How fast, how light and how patient: Tandem beside the bot that `pipecat init` scaffolds.

`python -m bench` runs both on the same stand-in providers, one after the other, and prints its
tables; `--markdown FILE` prints a kept run as the README shows it. `python -m bench.build` times
what one call's pipeline takes to build.
"""
