"""The list of models."""

from mockserver.apis.assemblyai.gateway.catalogue import models_of, region_of
from mockserver.web.family import Call, Operations
from mockserver.web.replies import Reply

page = Operations("Models")


@page.add("GET", "/v1/models", public=True)
async def listing(call: Call) -> Reply:
    """List the language models of the region."""
    return Reply(models_of(call).listing(region_of(call)))
