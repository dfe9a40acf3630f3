"""The sentences that a conversation says on its own, not through the model.

They are rendered at start, so they are heard even while the voice's provider is down.
"""

from dataclasses import dataclass, fields

from bot.settings import Settings


@dataclass(frozen=True)
class Sentences:
    """One language's sentences; `greeting` takes the bot's name, `recorded` comes after it."""

    greeting: str
    are_you_there: str
    silence_goodbye: str
    hold_on: str
    let_me_see: str
    not_heard: str
    no_answer: str
    broken: str
    stopping: str
    recorded: str = ""
    recovered: str = ""
    putting_through: str = ""
    leave_message: str = ""
    message_taken: str = ""

    def all(self) -> list[str]:
        """Every sentence, the greeting first."""
        said = (getattr(self, field.name) for field in fields(self))
        return [sentence for sentence in said if sentence]


_ENGLISH = Sentences(
    greeting="Hello, this is {name}. How can I help you?",
    are_you_there="Are you still there?",
    silence_goodbye="I can't hear you any more, so I will hang up now. Goodbye.",
    hold_on="One moment, please.",
    let_me_see="Let me check.",
    not_heard="Sorry, I did not catch that. Could you say it again?",
    no_answer="Sorry, I could not find an answer just now. Could you ask me again?",
    broken="I am sorry, we have a technical problem. Please call again in a few minutes. Goodbye.",
    stopping="I am sorry, I have to end this call now. Please call again in a minute. Goodbye.",
    recorded="This call is recorded.",
    recovered="Sorry, there was a short problem with the line. I am still here.",
    putting_through="I am sorry, we have a technical problem. I am putting you through to "
    "somebody.",
    leave_message="I am sorry, we have a technical problem. Please tell me your name, your "
    "number and what it is about, and somebody will call you back.",
    message_taken="Thank you, I have passed that on. Goodbye.",
)

_LANGUAGES = {
    "en": _ENGLISH,
    "de": Sentences(
        greeting="Hallo, hier ist {name}. Wie kann ich helfen?",
        are_you_there="Sind Sie noch da?",
        silence_goodbye="Ich höre Sie nicht mehr und lege jetzt auf. Auf Wiederhören.",
        hold_on="Einen Moment, bitte.",
        let_me_see="Ich sehe nach.",
        not_heard="Entschuldigung, das habe ich nicht verstanden. Sagen Sie es bitte noch einmal?",
        no_answer="Entschuldigung, ich habe gerade keine Antwort. Fragen Sie bitte noch einmal?",
        broken="Es tut mir leid, wir haben eine technische Störung. Bitte rufen Sie in einigen "
        "Minuten wieder an. Auf Wiederhören.",
        stopping="Es tut mir leid, ich muss das Gespräch jetzt beenden. Bitte rufen Sie gleich "
        "wieder an. Auf Wiederhören.",
        recorded="Dieses Gespräch wird aufgezeichnet.",
        recovered="Entschuldigung, es gab eine kurze Störung. Ich bin noch da.",
        putting_through="Es tut mir leid, wir haben eine technische Störung. Ich verbinde Sie "
        "mit jemandem.",
        leave_message="Es tut mir leid, wir haben eine technische Störung. Bitte sagen Sie "
        "Ihren Namen, Ihre Nummer und worum es geht, dann ruft Sie jemand zurück.",
        message_taken="Danke, ich gebe das weiter. Auf Wiederhören.",
    ),
    "es": Sentences(
        greeting="Hola, soy {name}. ¿En qué puedo ayudarle?",
        are_you_there="¿Sigue usted ahí?",
        silence_goodbye="Ya no le oigo, así que voy a colgar. Adiós.",
        hold_on="Un momento, por favor.",
        let_me_see="Déjeme ver.",
        not_heard="Perdone, no le he entendido. ¿Puede repetirlo?",
        no_answer="Perdone, ahora no tengo una respuesta. ¿Puede preguntarme otra vez?",
        broken="Lo siento, tenemos un problema técnico. Llame de nuevo en unos minutos. Adiós.",
        stopping="Lo siento, tengo que terminar la llamada. Llame de nuevo en un minuto. Adiós.",
        recorded="Esta llamada se graba.",
        recovered="Perdone, ha habido un breve problema técnico. Sigo aquí.",
        putting_through="Lo siento, tenemos un problema técnico. Le paso con una persona.",
        leave_message="Lo siento, tenemos un problema técnico. Dígame su nombre, su número y "
        "de qué se trata, y alguien le llamará.",
        message_taken="Gracias, ya lo he anotado. Adiós.",
    ),
    "fr": Sentences(
        greeting="Bonjour, ici {name}. Comment puis-je vous aider ?",
        are_you_there="Êtes-vous toujours là ?",
        silence_goodbye="Je ne vous entends plus, je vais donc raccrocher. Au revoir.",
        hold_on="Un instant, s'il vous plaît.",
        let_me_see="Je regarde.",
        not_heard="Pardon, je n'ai pas compris. Pouvez-vous répéter ?",
        no_answer="Pardon, je n'ai pas trouvé de réponse. Pouvez-vous demander à nouveau ?",
        broken="Je suis désolé, nous avons un problème technique. Rappelez dans quelques minutes. "
        "Au revoir.",
        stopping="Je suis désolé, je dois terminer cet appel. Rappelez dans une minute. Au revoir.",
        recorded="Cet appel est enregistré.",
        recovered="Pardon, il y a eu un bref problème technique. Je suis toujours là.",
        putting_through="Je suis désolé, nous avons un problème technique. Je vous passe "
        "quelqu'un.",
        leave_message="Je suis désolé, nous avons un problème technique. Dites-moi votre nom, "
        "votre numéro et de quoi il s'agit, et quelqu'un vous rappellera.",
        message_taken="Merci, c'est noté. Au revoir.",
    ),
}


def sentences(settings: Settings) -> Sentences:
    """The sentences in the bot's language (English where there are none), greeting filled in."""
    found = _LANGUAGES.get(settings.BOT_LANGUAGE.split("-")[0], _ENGLISH)
    greeting = settings.BOT_GREETING or found.greeting.format(name=settings.BOT_NAME)
    if settings.RECORD_CALLS:
        greeting = f"{greeting} {found.recorded}"
    return Sentences(**{**vars(found), "greeting": greeting})


def translated(language: str) -> bool:
    """Whether the sentences exist in this language."""
    return language.split("-")[0] in _LANGUAGES
