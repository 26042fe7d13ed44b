"""The legacy realtime API, as it was before streaming: a socket and its tokens, with the quirk ``realtime_v2``."""

from mockserver.apis.assemblyai.realtime.pages import page as page
