"""What callers made from the embedded voice say."""

from bench.scene import GAPS, Half, Kind, Scene, Voice

VOICES = (
    Voice("joe", 1.0, 1.0),
    Voice("low", 0.86, 0.94, 0.7),
    Voice("high", 1.2, 1.08, 0.85),
)

_QUESTIONS = (
    "What time do you open tomorrow?",
    "Can I book a table for two people?",
    "How much is the ticket to London?",
    "Where is my order right now?",
    "Do you have a room for this weekend?",
    "I would like to change my appointment.",
    "Could you send me the invoice again, please?",
    "Is the pharmacy open on Sundays?",
    "Please tell me the weather for today.",
    "Who do I talk to about my bill?",
    "My internet connection is not working.",
    "When does the next train leave?",
)

_TUNING: tuple[tuple[Kind, str, str], ...] = (
    ("phrase", "What is the", "capital of France?"),
    ("phrase", "Can you tell me the name of", "the doctor on call today?"),
    ("clause", "If the weather is fine on Saturday,", "we would like to sit outside."),
    ("clause", "I would like to book a table", "for four people on Friday evening."),
    ("clause", "I'd like two coffees and", "a piece of apple cake, please."),
    ("clause", "I called yesterday because", "my order has not arrived."),
    ("hesitation", "Yes, so, um,", "I wanted to ask about my bill."),
    ("hesitation", "Could you check, uh,", "the train at half past nine?"),
    ("number", "My number is five five five,", "one two three four."),
    ("number", "I live at forty two", "Baker Street, in London."),
    ("sentence", "I have a problem with my phone.", "It does not ring any more."),
    ("sentence", "Hello, my name is Anna Miller.", "I am calling about the flat."),
)

_HELD_BACK: tuple[tuple[Kind, str, str], ...] = (
    ("phrase", "How far is it from", "the station to the hotel?"),
    ("phrase", "Do you know where the", "nearest cash machine is?"),
    ("clause", "When I came home last night,", "the heating was not working."),
    ("clause", "I need a taxi to the airport", "at six o'clock tomorrow morning."),
    ("clause", "We are two adults but", "there will be three children with us."),
    ("clause", "I want to cancel the trip, so", "please give me my money back."),
    ("hesitation", "Well, um, I think,", "I need a new password."),
    ("hesitation", "It was on, er, let me see,", "the third of November."),
    ("number", "The code is eight seven,", "nine zero two."),
    ("number", "My order is four four one,", "six six eight."),
    ("sentence", "I bought a lamp last week.", "One of its bulbs was broken."),
    ("sentence", "Thank you for calling me back.", "Can we move it to Monday?"),
)

_LONG_QUESTION = "Please tell me all about the museum."
ABOUT = "museum"
"""The word of a question that is answered at length."""

_NOTES = (
    "Please take a note that the plumber comes on Friday.",
    "Could you take a note that my sister likes yellow tulips?",
    "Please take a note that we are out of coffee.",
    "Can you take a note that I parked on level two?",
    "Please take a note that the car needs new tyres.",
    "Could you take a note that the meeting is in room nine?",
)
JOBS = {
    "ferry": "Please find out which ferry to Crete is the cheapest.",
    "hotels": "Please compare all the hotels near the harbour.",
    "flight": "Please look for a cheap flight to Athens tomorrow.",
}
"""What is handed over to OpenClaw: the word that tells a job, and the request."""

_BARGE_INS = (
    "No, wait, I meant Tuesday.",
    "Hold on, I have another question.",
    "Stop, that is not what I asked.",
    "Sorry, can you say that again?",
)
_BACKCHANNELS = ("Uh-huh.", "Okay.", "Mm-hm.", "Right.", "I see.", "Yeah.")
_COUGHS = 6


def questions() -> list[Scene]:
    """The utterances without a pause, each in one voice."""
    return [
        Scene(f"q{n:02d}", "question", VOICES[n % len(VOICES)], (text,))
        for n, text in enumerate(_QUESTIONS)
    ]


def pauses(half: Half) -> list[Scene]:
    """The utterances with a pause, of one half: every text with two of the three gaps."""
    texts = _TUNING if half == "tuning" else _HELD_BACK
    scenes = []
    for n, (kind, first, second) in enumerate(texts):
        for turn in range(2):
            gap = GAPS[(n + turn + n // len(GAPS)) % len(GAPS)]
            voice = VOICES[(n + turn) % len(VOICES)]
            name = f"{half[0]}{n:02d}-{kind}-{gap:g}-{voice.name}"
            scenes.append(Scene(name, kind, voice, (first, second), (gap,), half))
    return scenes


def long_questions() -> list[Scene]:
    """The question with the long answer, in every voice."""
    return [Scene(f"long-{v.name}", "long", v, (_LONG_QUESTION,)) for v in VOICES]


def notes() -> list[Scene]:
    """Things to be noted, each in one voice."""
    return [
        Scene(f"note{n}", "note", VOICES[n % len(VOICES)], (text,)) for n, text in enumerate(_NOTES)
    ]


def jobs() -> list[Scene]:
    """Jobs to be handed over, each in one voice."""
    return [
        Scene(f"job-{name}", "job", VOICES[n % len(VOICES)], (text,))
        for n, (name, text) in enumerate(JOBS.items())
    ]


def interjections() -> list[Scene]:
    """What is said into the bot's answer: barge-ins, backchannels and coughs."""
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("barge-in", _BARGE_INS),
        ("backchannel", _BACKCHANNELS),
    )
    scenes = []
    for kind, texts in kinds:
        for n, text in enumerate(texts):
            for voice in (VOICES[n % len(VOICES)], VOICES[(n + 1) % len(VOICES)]):
                scenes.append(Scene(f"{kind}{n}-{voice.name}", kind, voice, (text,)))
    scenes += [Scene(f"cough{n}", "cough", VOICES[0], ()) for n in range(_COUGHS)]
    return scenes
