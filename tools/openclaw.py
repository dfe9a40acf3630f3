"""Delegation: long jobs for the deep agent beside the conversation, and one deep answer in it."""

from contextlib import aclosing
from typing import Literal

from pipecat.services.llm_service import FunctionCallParams

from bot.openclaw.asked import CallTasks, View, pick
from bot.openclaw.deep import DeepBrain
from bot.openclaw.task import TooManyTasks
from tools.declare import Facts, Family, tool
from tools.running import Said, acting
from tools.toolbox import ToolFailed, toolbox


def _openclaw(facts: Facts) -> bool:
    return bool(facts.settings.OPENCLAW_API_URL)


def _any_claude(facts: Facts) -> bool:
    key = facts.settings.ANTHROPIC_API_KEY.get_secret_value()
    return _openclaw(facts) or bool(key)


FAMILY = Family(
    name="delegation",
    words=r"research|find out|look (?:it |that )?(?:into|online)|investigat|compar|analy"
    r"|internet|online|on the web|web search|think (?:\w+ )?(?:hard|deep|about|through"
    r"|it through)|thorough|advi[cs]e|spreadsheet|script|program|code\b|(?:in the"
    r"|the latest|latest|today s) news|cheapest|flights?\b|hotels?\b|task"
    r"|how(?: i)?s (?:it|that|this) going|found anything|also (?:check|look)|never ?mind"
    r"|forget it|stop (?:looking|searching)|recherch|herausfind|vergleich|untersuch"
    r"|nachdenk|aufgabe|tarea|tache",
    hints=r"look up|think|work out|figure out|deep|cancel|forget|instead|news|best\b|why",
    needs=_any_claude,
    cannot="take on research or long jobs",
    base=True,
)
THINKING_SECONDS = 180.0
"""A deep answer is spoken while it comes; this ends one that never ends."""
_FULL_CALL = (
    "Not done: this caller has as many jobs under way as one may have. Tell the caller: I am still "
    "busy with your other jobs. Shall I begin this one when one of them is done, or drop one?"
)
_FULL = (
    "Not done: too many jobs are under way. Tell the caller: I cannot begin that just now, too "
    "much else is being worked on. Please ask me again in a few minutes."
)


@tool(needs=_openclaw)
async def bot_openclaw_task(
    params: FunctionCallParams, task: str, urgency: Literal["low", "normal", "high"] = "normal"
) -> str:
    """Hand a job to a colleague who works in the background: web research, comparing, analysis,
    code, files, anything that takes several steps or the outside world. The conversation goes on;
    the result comes later by itself.

    Args:
        task: The whole job in one or two sentences, with every name, place, date and number the
            caller gave; the colleague does not hear the conversation.
        urgency: How soon the caller needs it.
    """
    tasks = _tasks(params)
    acting()
    try:
        taken = await tasks.start(task, urgency)
    except TooManyTasks as error:
        raise ToolFailed(_FULL_CALL if error.per_call else _FULL) from None
    return (
        f"Begun: “{taken.title}”. Tell the caller in a few words of your own that you are on it, "
        "and go on with whatever they want. The result will be given to you later; do not make "
        "one up, and do not start this job again."
    )


@tool(needs=_openclaw)
async def bot_task_status(params: FunctionCallParams) -> str:
    """Say how the background jobs are going: "how is it going?", "have you found anything?"."""
    views = await _tasks(params).views()
    if not views:
        return "There is no background job."
    return " ".join(_line(view) for view in views[-5:])


@tool(needs=_openclaw)
async def bot_steer_task(params: FunctionCallParams, change: str, job: str = "") -> str:
    """Change or add to a background job that is under way: "also check the trains".

    Args:
        change: What is to be different or to be done too, complete.
        job: Words that say which job is meant, if there are several.
    """
    tasks = _tasks(params)
    view = await _one(tasks, job or change, "change")
    acting()
    if await tasks.steer(view, change):
        return f"Passed on to the job “{view.task.title}”. Say so in a few words."
    return (
        f"Too late: the job “{view.task.title}” has just ended, and its result comes in a moment. "
        "Offer to start a new job for the change."
    )


@tool(needs=_openclaw)
async def bot_cancel_task(params: FunctionCallParams, job: str = "") -> str:
    """Give up a background job: "forget it", "never mind the flights".

    Args:
        job: Words that say which job is meant, if there are several.
    """
    tasks = _tasks(params)
    if not await tasks.open() and _deep(params).dismiss():
        return "Nothing more will be said of its result. Say so in a few words."
    view = await _one(tasks, job, "give up")
    acting()
    if await tasks.cancel(view):
        return f"The job “{view.task.title}” is given up; nothing more will be said of it."
    return f"The job “{view.task.title}” had ended already."


@tool(seconds=THINKING_SECONDS)
async def bot_think_deeply(params: FunctionCallParams, question: str) -> str:
    """Have a hard question thought through and answered at once, at some length: "why is …",
    "explain …", "what would you advise?". Not for facts of today, and not for long jobs.

    Args:
        question: The question, complete, with what one must know to answer it.
    """
    deep = _deep(params)
    if deep.thinker is None:
        raise ToolFailed(
            "Not done: there is nobody to think it through. Answer as well as you can."
        )
    answer = deep.thinker.think(question, toolbox(params).call.id)
    async with aclosing(answer):  # closing it stops the work behind it
        heard = await deep.speak(answer)
    if not heard:
        return "The caller spoke before anything of the answer was said. Listen to them."
    return Said(f"You have just said to the caller: “{heard}” Do not say it again.")


def _deep(params: FunctionCallParams) -> DeepBrain:
    deep = toolbox(params).tasks
    if not isinstance(deep, DeepBrain):
        raise ToolFailed("Not done: background jobs cannot be taken on just now. Say so.")
    return deep


def _tasks(params: FunctionCallParams) -> CallTasks:
    tasks = _deep(params).tasks
    if tasks is None:
        raise ToolFailed("Not done: background jobs cannot be taken on just now. Say so.")
    return tasks


async def _one(tasks: CallTasks, words: str, verb: str) -> View:
    """The job that is meant.

    Raises:
        ToolFailed: there is none, or it is not clear which.
    """
    under_way = await tasks.open()
    if not under_way:
        raise ToolFailed(f"Not done: there is no background job to {verb}. Say so.")
    meant = pick(under_way, words)
    if len(meant) > 1:
        names = "; ".join(f"“{view.task.title}”" for view in meant)
        raise ToolFailed(f"Not done: there are several jobs: {names}. Ask which one is meant.")
    return meant[0]


def _line(view: View) -> str:
    minutes = max(1, round(view.seconds / 60))
    if view.outcome is not None:
        return f"“{view.task.title}”: {view.outcome.status}. {view.outcome.summary}"
    if view.phase == "parked":
        return f"“{view.task.title}”: it cannot be reached just now; the result comes when it can."
    doing = f", now: {view.activity}" if view.activity else ""
    waiting = " (it had to be tried again)" if view.phase == "waiting" else ""
    return f"“{view.task.title}”: under way for about {minutes} min{waiting}{doing}."
