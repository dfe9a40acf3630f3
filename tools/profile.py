"""What the bot knows of the caller, because they told it. Always the caller's own."""

import re

from pipecat.services.llm_service import FunctionCallParams

from bot.store import profiles
from bot.store.once import folded
from tools.declare import Family
from tools.running import acting, confirmed, once_key
from tools.toolbox import ToolFailed, toolbox

FAMILY = Family(
    name="profile",
    words=r"my (?:\w+ )?(?:name|address|e ?mail|birthday|phone|number|company|job|profile)"
    r"|my favou?rite|i(?: a)?m (?:\w+ )?allergic|my allerg|call me(?! back)|i am called"
    r"|i live|i(?: ve)? moved|profile|remember (?:that )?(?:i|my)\b|know(?:n)? about me"
    r"|about me\b|have for me|my (?:doctor|wife|husband|language)(?: s)? (?:is|name)"
    r"|mein\w* (?:name|adresse|geburtstag|firma|lieblings)|ich heiss|ich wohne|nenn mich"
    r"|vergiss|me llamo|mi nombre|mi direccion|olvida|je m appelle|mon nom|mon adresse"
    r"|oublie",
    hints=r"forget|remember|my (?:\w+ )?(?:doctor|wife|husband|language)",
    cannot="remember things about the caller",
)


async def bot_read_profile(params: FunctionCallParams) -> str:
    """Look up what the caller has told you about themselves: name, address, preferences, …"""
    box = toolbox(params)
    known = await profiles.read(box.store, box.owner)
    if not known:
        return "Nothing is known about the caller yet."
    facts = "; ".join(f"{field.replace('_', ' ')}: {value}" for field, value in known.items())
    return f"Known about the caller: {facts}."


async def bot_update_profile(params: FunctionCallParams, field: str, value: str) -> str:
    """Remember something that the caller says about themselves: "call me Sam", "I moved to York".

    Args:
        field: What it is, in one or two words, like name, address, email, birthday, favourite_team.
        value: What the caller said it is.
    """
    box, name = toolbox(params), _field(field)
    if not value:
        raise ToolFailed("Not done: nothing to remember was given. Ask the caller what it is.")
    acting()
    try:
        await profiles.put(box.store, box.owner, name, value, key=once_key())
    except profiles.ProfileFull:
        raise ToolFailed("Not done: too much is remembered already. Ask what to forget.") from None
    return f"Remembered: {name.replace('_', ' ')} is {value}."


async def bot_forget_profile(
    params: FunctionCallParams, field: str, confirmed_by_caller: bool = False
) -> str:
    """Forget something about the caller, or everything. Asks first before forgetting everything.

    Args:
        field: What to forget, like name or address; all for everything.
        confirmed_by_caller: Only for all: True after you asked and the caller said yes.
    """
    box = toolbox(params)
    if folded(field) in ("all", "everything", "alles", "todo", "tout"):
        if not confirmed("forget profile", confirmed_by_caller):
            return (
                "Not forgotten yet. Ask the caller: really forget everything about you? After a "
                "yes, call bot_forget_profile again with confirmed_by_caller true."
            )
        acting()
        await profiles.forget(box.store, box.owner, "", key=once_key())
        return "Everything about the caller is forgotten."
    known = await profiles.read(box.store, box.owner)
    wanted = _field(field)
    names = [one for one in known if one == wanted] or [one for one in known if wanted in one]
    if not names:
        have = ", ".join(name.replace("_", " ") for name in known) or "nothing"
        raise ToolFailed(f"Not done: no {field} is known. Known is: {have}.")
    acting()
    await profiles.forget(box.store, box.owner, names[0], key=once_key())
    return f"Forgot the caller's {names[0].replace('_', ' ')}."


def _field(name: str) -> str:
    """One spelling for 'E-Mail', 'my email' and 'email address'."""
    bare = re.sub(r"^(?:my|the|mein|meine|mi|mon|ma) ", "", folded(name)).replace("e mail", "email")
    plain = bare.removesuffix(" address") if bare.startswith("email") else bare
    if not plain:
        raise ToolFailed("Not done: it is not clear what to remember. Ask the caller.")
    return plain.replace(" ", "_")[: profiles.LONGEST_FIELD]
