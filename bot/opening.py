"""What a process does before it can take calls: opens the store, loads models, reads documents."""

from pathlib import Path

from loguru import logger

from bot.errors import StoreError
from bot.settings import Settings
from bot.speech import turn, vad
from bot.store.once import forget_done
from bot.store.store import Store
from tools.knowledge import load_documents


async def open_store(settings: Settings) -> Store:
    """Open the database.

    Raises:
        StoreError: it cannot be opened; the text names the variable that says where it is.
    """
    try:
        return await Store.open(settings.database_url)
    except StoreError as error:
        named = "DATABASE_URL" if settings.DATABASE_URL.get_secret_value() else "DATA_DIR"
        raise StoreError(f"{named}: {error}; mend it, or name another place") from None


async def prepare_tools(store: Store, settings: Settings) -> None:
    """Forget writes that nobody will repeat; read the business's own documents.

    A database that is busy or away now must not keep calls out: both are done at the next start.

    Raises:
        TandemError: the documents cannot be read.
    """
    try:
        await forget_done(store)
        if settings.KNOWLEDGE_DIR:
            changed = await load_documents(store, Path(settings.KNOWLEDGE_DIR))
            logger.info(f"{changed} documents of KNOWLEDGE_DIR have changed")
    except StoreError as error:
        logger.error(f"the database does not answer, so documents are not read anew: {error}")


def load_models() -> None:
    """Load the models that hear whether somebody speaks; takes a second, on any thread."""
    vad.load()
    turn.load()
