"""What a model's tokens cost: `genai-prices`, whose table comes with the package (no network)."""

from genai_prices import Usage, calc_price

from bot.providers import Endpoint


def dollars(endpoint: Endpoint, prompt: int, completion: int, cached: int = 0) -> float | None:
    """US dollars for so many tokens; `prompt` counts the `cached` ones too.

    None where the price is not known: a server of one's own, or a model that the table lacks. The
    embedded model costs nothing.
    """
    if endpoint.provider == "embedded":
        return 0.0
    usage = Usage(input_tokens=prompt, cache_read_tokens=cached or None, output_tokens=completion)
    try:
        if endpoint.provider == "anthropic":
            found = calc_price(usage, endpoint.model, provider_id="anthropic")
        else:
            found = calc_price(usage, endpoint.model, provider_api_url=endpoint.base_url)
    except LookupError:
        return None
    return float(found.total_price)
