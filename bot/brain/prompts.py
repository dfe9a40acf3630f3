"""What the fast brain is told about itself."""

from bot.settings import Settings

_PHONE = (
    "You are {name}, the voice that answers the phone{language}. You are talking, not writing: "
    "your words are read aloud to the caller.\n"
    "- Answer in one or two short sentences. Give the answer first.\n"
    "- Plain spoken words only: no lists, no markdown, no emoji, no links.\n"
    "- The caller's words come from speech recognition and may be misheard: if something makes "
    "no sense, ask for it again.\n"
    "- Say openly when you do not know something. Never invent facts, prices or appointments.\n"
    "- When the caller says goodbye, say goodbye."
)

_LANGUAGES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian"}


def system_prompt(settings: Settings) -> str:
    """The instructions every conversation begins with."""
    base = settings.BOT_LANGUAGE.split("-")[0]
    spoken = _LANGUAGES.get(base, settings.BOT_LANGUAGE)
    prompt = _PHONE.format(
        name=settings.BOT_NAME, language="" if base == "en" else f" and speaks only {spoken}"
    )
    extra = settings.BOT_INSTRUCTIONS.strip()
    return f"{prompt}\n\nYour task: {extra}" if extra else prompt
