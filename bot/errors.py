"""The error tree. Vendor errors are mapped to it at one border per vendor."""


class TandemError(Exception):
    """Everything Tandem raises on purpose."""


class SettingsError(TandemError):
    """The settings contradict each other or cannot be read; the text names the variable."""


class StoreError(TandemError):
    """The database cannot be opened, migrated or read."""


class ProviderError(TandemError):
    """A speech, language or telephony vendor failed; the text carries no secret."""


class ProviderRefused(ProviderError):
    """The vendor took the request and said no (4xx): asking again changes nothing."""


class ProviderDenied(ProviderRefused):
    """The vendor does not accept the key, the account or the model (401, 402, 403, 404): nothing
    is wrong with the request, another vendor may do it."""


class ProviderUnavailable(ProviderError):
    """The vendor was not reached, timed out, is overloaded or failed (5xx, 429).

    `retry_after`: seconds for which it asked to be left alone, 0 where it named no time.
    """

    def __init__(self, *args: object, retry_after: float = 0.0) -> None:
        super().__init__(*args)
        self.retry_after = retry_after


class NotAdmitted(TandemError):
    """The switchboard does not take this call; the text says why."""


class TokenRejected(TandemError):
    """A stream token is unknown, used, expired or made for another call."""


class EmbeddedError(TandemError):
    """The embedded models cannot be installed, verified or started."""
