"""The vendor's production hosts: which product is at each, and of which region it is."""

from collections.abc import Mapping

PRERECORDED = {"api.assemblyai.com": "us", "api.eu.assemblyai.com": "eu"}
GATEWAY = {"llm-gateway.assemblyai.com": "us", "llm-gateway.eu.assemblyai.com": "eu"}
STREAMING = {
    "streaming.assemblyai.com": "us",
    "streaming.us.assemblyai.com": "us",
    "streaming.eu.assemblyai.com": "eu",
}
SYNC = {"sync.assemblyai.com": "us", "sync.us.assemblyai.com": "us", "sync.eu.assemblyai.com": "eu"}

PRODUCTS: Mapping[str, str] = {
    **dict.fromkeys(PRERECORDED, "pre-recorded API"),
    **dict.fromkeys(GATEWAY, "LLM Gateway"),
    **dict.fromkeys(STREAMING, "Streaming API"),
    **dict.fromkeys(SYNC, "Sync API"),
    "dictation.assemblyai.com": "Dictation API",
    "agents.assemblyai.com": "Voice Agent API",
    "agents.us.assemblyai.com": "Voice Agent API",
    "agents.eu.assemblyai.com": "Voice Agent API",
    "speech-to-speech.us.assemblyai.com": "Voice Agent API",
    "tts.us.assemblyai.com": "Text-to-Speech API",
    "tts.eu.assemblyai.com": "Text-to-Speech API",
}
"""Every known host, with the product that is there, whether it is served or not."""
