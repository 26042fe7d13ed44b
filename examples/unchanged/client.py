"""A program with the vendor's hosts built in, as it runs in production."""

import json

import assemblyai as aai
import httpx
from websockets.sync.client import connect

heard = aai.Transcriber().transcribe("https://assembly.ai/wildfires.mp3")
print(f"{heard.status.value}: {len(heard.text.split())} words")

models = httpx.get("https://llm-gateway.assemblyai.com/v1/models").raise_for_status().json()["data"]
print(f"{len(models)} language models")

other = httpx.get("https://api.eu.assemblyai.com/v2/transcript", headers={"Authorization": "any-key"})
print(f"{len(other.raise_for_status().json()['transcripts'])} transcripts in Europe")

with connect(
    "wss://streaming.assemblyai.com/v3/ws?sample_rate=16000", additional_headers={"Authorization": "any-key"}
) as session:
    print(f"the stream says {json.loads(session.recv())['type']}")
