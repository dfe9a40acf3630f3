"""The operator's command line, read."""

import argparse
import getpass


def options(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.admin",
        description="See and set the mode of new calls. Talks to the running server, or to the "
        "database when none runs.",
    )
    parser.add_argument("--url", default="", help="the server; default: this machine, PORT")
    who = "your name, for the log of changes"
    parser.add_argument("--who", default=_name(), help=who)
    parser.add_argument("--json", action="store_true", help="print JSON")
    orders = argparse.ArgumentParser(add_help=False)
    orders.add_argument("--who", default=argparse.SUPPRESS, help=who)
    rooms = parser.add_subparsers(dest="subject")
    mode = rooms.add_parser("mode", help="which mode new calls get")
    what = mode.add_subparsers(dest="action")
    what.add_parser("get", help="show what is set, and how each mode does")
    setting = what.add_parser("set", parents=[orders], help="switch; live calls go on as they are")
    setting.add_argument("mode", help="a mode's name; none: LLM_MODE or default_mode decide")
    _when(setting)
    setting.add_argument("--number", default="", help="only for this caller, or number of ours")
    _force(setting)
    rollout = rooms.add_parser("rollout", help="which share of callers gets which mode")
    what = rollout.add_subparsers(dest="action")
    what.add_parser("get", help="show it")
    setting = what.add_parser(
        "set", parents=[orders], help="as runpod_streaming=10; nothing at all ends it"
    )
    setting.add_argument("shares", nargs="*", type=_share, metavar="MODE=PER-CENT")
    _force(setting)
    rules = rooms.add_parser("rules", help="which of config.json's automatic rules are on")
    what = rules.add_subparsers(dest="action")
    what.add_parser("get", help="show them")
    setting = what.add_parser("set", parents=[orders], help="as 1f0c9a3e off; new calls heed it")
    setting.add_argument("rule", help="the rule's id, as get shows it")
    setting.add_argument("switch", choices=("on", "off"))
    found = parser.parse_args(argv)
    if found.subject is None:
        found.subject, found.action = "mode", "get"
    found.action = found.action or "get"
    return found


def _when(parser: argparse.ArgumentParser) -> None:
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--when-idle", action="store_true", help="once no call is live")
    when.add_argument("--grace", type=_seconds, metavar="S", help="after so many seconds")


def _force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="although its health check fails")


def _share(text: str) -> tuple[str, float]:
    mode, _, share = text.partition("=")
    try:
        return mode, float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not MODE=PER-CENT") from None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 86_400:
        raise argparse.ArgumentTypeError("expected seconds, at most 86400")
    return value


def _name() -> str:
    """Who is logged in, or 'operator' where that is not known."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "operator"
