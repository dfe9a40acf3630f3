"""Whether a caller's number may be taken for theirs.

Anybody can show any number. In North America the networks attest it (STIR/SHAKEN), and Twilio's
webhook says with what result in `StirVerstat`: `TN-Validation-Passed-A` (the network knows the
caller and their right to the number), `-B` (the caller, not the number), `-C` (neither),
`TN-Validation-Failed…`, `No-TN-Validation`, each perhaps with `-Diverted-…` behind it.
"""


def is_theirs(verstat: str, attested_only: bool) -> bool:
    """Whether a call may see what is kept for its number.

    Args:
        verstat: Twilio's `StirVerstat`; '' if it sent none.
        attested_only: Nothing less than level A will do.
    """
    if attested_only:
        return verstat.startswith("TN-Validation-Passed-A")
    return not verstat.startswith("TN-Validation-Failed")
