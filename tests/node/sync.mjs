// What Sync STT answers to the Node client, as JSON by name. Usage: node sync.mjs URL AUDIO SAMPLES, files that say the same
import { createReadStream, readFileSync } from "node:fs";
import { AssemblyAI } from "assemblyai";

const [url, audio, samples] = process.argv.slice(2);
const of = (apiKey, syncBaseUrl = url) => new AssemblyAI({ apiKey, baseUrl: url, syncBaseUrl }).sync;
const sync = of("node-sync");
const whole = readFileSync(audio);
const pcm = readFileSync(samples);
const config = { sample_rate: 16000, channels: 1 };
const everything = {
  ...config,
  model: "universal-3-6-pro",
  prompt: "Names are Dutch.",
  keyterms_prompt: ["Welcome", " "],
  conversation_context: "Good morning.",
  language_codes: ["en", "es"],
  timestamps: true,
};
const pieces = function* (content = pcm, size = 3200) {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
};
const results = {};
const record = async (name, call) => {
  try {
    results[name] = { value: (await call()) ?? null };
  } catch (error) {
    const { name: kind, message, status, errorCode, retryAfter } = error;
    results[name] = { error: message, kind, status, errorCode, retryAfter };
  }
};

await record("path", () => sync.transcribe(audio));
await record("bytes", () => sync.transcribe(whole));
await record("buffer", () => sync.transcribe(new Uint8Array(whole).buffer));
await record("blob", () => sync.transcribe(new Blob([whole])));
await record("data", () => sync.transcribe(`data:audio/wav;base64,${whole.toString("base64")}`));
await record("stream", () => sync.transcribe(createReadStream(audio)));
await record("samples", () => sync.transcribe(pcm, config));
await record("timed", () => sync.transcribe(audio, { timestamps: true }));
await record("everything", () => sync.transcribe(samples, everything, { timeout: 60_000 }));
await record("live", () => sync.transcribeLive(pieces(), config));
await record("live_stream", () => sync.transcribeLive(createReadStream(audio)));
await record("pushed", async () => {
  const session = sync.openLive(config);
  for (const piece of pieces()) session.write(piece);
  session.close();
  return { closed: session.closed, ...(await session.result()) };
});
await record("piped", async () => {
  const session = sync.openLive(config);
  await new Blob([pcm]).stream().pipeTo(session.stream());
  return session.result();
});
await record("given_up", async () => {
  const session = sync.openLive(config);
  session.write(pcm.subarray(0, 3200));
  await session.abort();
  return session.result();
});
await record("warm", () => sync.warm());
await record("warm_nowhere", () => of("node-sync", "http://127.0.0.1:9").warm({ model: "u3-sync-pro" }));

await record("bad_model", () => sync.transcribe(audio, { model: "universal-2" }));
await record("bad_audio", () => sync.transcribe(Buffer.from("no audio")));
await record("bad_key", () => of("invalid-key").transcribe(audio));
await record("bad_key_live", () =>
  of("invalid-key").transcribeLive(
    (async function* () {
      for (;;) {
        yield pcm.subarray(0, 32_000);
        await new Promise(setImmediate);
      }
    })(),
    config,
  ),
);
for (const name of ["audio_too_large", "capacity_exceeded", "inference_timeout", "rate_limited", "service_unavailable"])
  await record(name, () => of(`node-sync+${name}`).transcribe(audio));

console.log(JSON.stringify(results));
