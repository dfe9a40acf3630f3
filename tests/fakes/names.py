"""Thirty first names to tell callers apart: none is part of another, or of any word they say."""

NAMES = (
    "Agnes",
    "Boris",
    "Carla",
    "Dmitri",
    "Elena",
    "Felix",
    "Gloria",
    "Hugo",
    "Ingrid",
    "Jakob",
    "Karim",
    "Linda",
    "Milos",
    "Nadia",
    "Oskar",
    "Paola",
    "Quentin",
    "Rosa",
    "Stefan",
    "Tamara",
    "Ulrich",
    "Vera",
    "Wanda",
    "Xenia",
    "Yusuf",
    "Zelda",
    "Bruno",
    "Chiara",
    "Dario",
    "Edith",
)


def named(text: str) -> set[str]:
    """Whose names are in a text."""
    return {name for name in NAMES if name in text}
