"""The LLM Gateway: chat completions, its models, and speech understanding of stored transcripts."""

from mockserver.apis.assemblyai.gateway import errors, pages
from mockserver.apis.assemblyai.gateway.auth import key_of, request_id
from mockserver.apis.assemblyai.hosts import GATEWAY
from mockserver.engine.limits import Rule
from mockserver.engine.terms import Terms
from mockserver.settings import Settings, SettingsError
from mockserver.web.accounts import account_by
from mockserver.web.family import Service


def _request_limit(_: Terms) -> Rule | None:
    """Return none: each model has a limit of its own."""
    return None


def check(settings: Settings) -> None:
    """Refuse files with models that cannot be read (SettingsError)."""
    if settings.models:
        from mockserver.apis.assemblyai.gateway.catalogue import CatalogueError, catalogue

        try:
            catalogue(settings.models)
        except CatalogueError as error:
            raise SettingsError(f"models: {error}") from None


SERVICE = Service(
    name="gateway",
    title="AssemblyAI LLM Gateway",
    pages=(pages.chats, pages.models, pages.understanding),
    account_of=account_by(key_of),
    unauthorized=errors.unauthorized,
    wording=errors,
    request_limit=_request_limit,
    request_id=request_id,
    hosts=GATEWAY,
)
