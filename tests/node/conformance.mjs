// What the official Node client gets, as JSON by name. Usage: node conformance.mjs URL AUDIO-FOLDER
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { AssemblyAI } from "assemblyai";

const [url, audio] = process.argv.slice(2);
const of = (apiKey) => new AssemblyAI({ apiKey, baseUrl: url });
const client = of("node");
const other = of("node-other");
const { transcripts, files } = client;
const poll = { pollingInterval: 10 };
const hello = join(audio, "hello.wav");
const interview = join(audio, "interview.mp3");
const voicemail = join(audio, "voicemail.m4a");
const nobody = "00000000-0000-4000-8000-000000000000";
const redacted = { audio: voicemail, redact_pii: true, redact_pii_policies: ["person_name"], redact_pii_audio: true };
const stuck = "https://example.com/jobs/stuck-processing.mp3";

const results = {};
const record = async (name, call) => {
  try {
    results[name] = { value: (await call()) ?? null };
  } catch (error) {
    results[name] = { error: error.message };
  }
  return results[name].value;
};
const heard = async (audioUrl) => (await transcripts.transcribe({ audio: audioUrl }, poll)).text;

await record("upload_path", async () => heard(await files.upload(hello)));
await record("upload_buffer", async () => heard(await files.upload(await readFile(hello))));
await record("upload_node_stream", async () => heard(await files.upload(createReadStream(hello))));
await record("upload_web_stream", async () => heard(await files.upload(Readable.toWeb(createReadStream(hello)))));
await record("upload_data_url", async () =>
  heard(await files.upload(`data:audio/wav;base64,${(await readFile(hello)).toString("base64")}`)),
);
await record("transcribe_path", () => heard(hello));
await record("transcribe_buffer", async () => heard(await readFile(hello)));

await record("submit", () => transcripts.submit({ audio: "https://example.com/jobs/polls.mp3" }));
await record("wait_until_ready", () => transcripts.waitUntilReady(results.submit.value.id, poll));
await record("wait_too_long", async () => {
  const { id } = await transcripts.submit({ audio_url: stuck });
  return transcripts.waitUntilReady(id, { pollingInterval: 1, pollingTimeout: 5 });
});
await record("create", () => transcripts.create({ audio_url: hello }, poll));
const done = await record("transcribe", () => transcripts.transcribe({ audio: interview, speaker_labels: true }, poll));
await record("get", () => transcripts.get(done.id));
await record("sentences", () => transcripts.sentences(done.id));
await record("paragraphs", () => transcripts.paragraphs(done.id));
await record("word_search", () => transcripts.wordSearch(done.id, ["tree", "Helen Brandt"]));
await record("srt", () => transcripts.subtitles(done.id));
await record("srt_32", () => transcripts.subtitles(done.id, "srt", 32));
await record("vtt", () => transcripts.subtitles(done.id, "vtt"));
await record("vtt_32", () => transcripts.subtitles(done.id, "vtt", 32));
await record("failed", () => transcripts.transcribe({ audio: "https://example.com/errors/transcoding.mp3" }, poll));

const hidden = await record("redacted", () => transcripts.transcribe(redacted, poll));
await record("redacted_audio", () => transcripts.redactedAudio(hidden.id));
await record("redactions", () => transcripts.redactions(hidden.id));
await record("redacted_audio_file", async () => {
  const file = await transcripts.redactedAudioFile(hidden.id);
  return (await file.arrayBuffer()).byteLength;
});
await record("redacted_audio_unready", async () => {
  const { id } = await transcripts.submit({ ...redacted, audio: stuck });
  return transcripts.redactedAudioFile(id);
});
await record("redacted_audio_unasked", () => transcripts.redactedAudio(done.id));

const ids = [];
await record("list", async () => {
  for (let made = 0; made < 7; made++) ids.push((await other.transcripts.submit({ audio: "https://example.com/a.mp3" })).id);
  const { transcripts: items, page_details: details } = await other.transcripts.list({ limit: 2, status: undefined });
  const dates = items.every((item) => item.created instanceof Date && !Number.isNaN(item.created.valueOf()));
  return { dates, details, urls: items.map((item) => item.audio_url) };
});
await record("pages", async () => {
  const pages = [];
  let next = `${url}/v2/transcript?limit=3`;
  while (next) {
    const page = await other.transcripts.list(next);
    pages.push(page.transcripts.map((item) => item.id));
    next = page.page_details.prev_url;
  }
  return { made: ids, pages };
});
await record("back_to_newer", async () => {
  const page = await other.transcripts.list({ limit: 2, before_id: ids[2] });
  return (await other.transcripts.list(page.page_details.next_url)).transcripts.map((item) => item.id);
});
await record("list_failed", () => transcripts.list({ status: "error" }));
await record("list_completed_dates", async () => {
  const { transcripts: items } = await transcripts.list({ status: "completed", limit: 200 });
  return items.every((item) => item.completed instanceof Date && item.completed >= item.created);
});

await record("delete", () => transcripts.delete(done.id));
await record("get_deleted", () => transcripts.get(done.id));

await record("token", () => client.realtime.createTemporaryToken({ expires_in: 60 }));
await record("token_too_short", () => client.realtime.createTemporaryToken({ expires_in: 59 }));
await record("unknown_id", () => transcripts.get(nobody));
await record("unknown_deletion", () => transcripts.delete(nobody));
await record("unknown_format", () => transcripts.subtitles(hidden.id, "txt"));
await record("bad_key", () => of("invalid-key").transcripts.list());
await record("bad_key_upload", () => of("invalid-key").files.upload(hello));
await record("unfinished", async () => transcripts.paragraphs((await transcripts.submit({ audio: stuck })).id));
await record("foreign_upload", async () => transcripts.submit({ audio: await other.files.upload(hello) }));
await record("empty_upload", () => files.upload(Buffer.alloc(0)));
await record("bad_models", () => transcripts.submit({ audio: stuck, speech_models: ["nano"] }));
await record("bad_language", () => transcripts.submit({ audio: stuck, language_code: "nl", auto_chapters: true }));
await record("bad_type", () => transcripts.submit({ audio: stuck, punctuate: "yes" }));

console.log(JSON.stringify(results));
