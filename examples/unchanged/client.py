"""A program with the vendor's hosts built in, as it runs in production."""

import assemblyai as aai
import httpx

heard = aai.Transcriber().transcribe("https://assembly.ai/wildfires.mp3")
print(f"{heard.status.value}: {len(heard.text.split())} words")

models = httpx.get("https://llm-gateway.assemblyai.com/v1/models").raise_for_status().json()["data"]
print(f"{len(models)} language models")

other = httpx.get("https://api.eu.assemblyai.com/v2/transcript", headers={"Authorization": "any-key"})
print(f"{len(other.raise_for_status().json()['transcripts'])} transcripts in Europe")
