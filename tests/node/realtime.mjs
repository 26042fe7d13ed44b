// What the official Node client gets from the legacy realtime API, as JSON. Usage: node realtime.mjs URL HTTPS-URL FILE-WITH-SAMPLES
import { readFile } from "node:fs/promises";
import { AssemblyAI } from "assemblyai";

const [url, secure, file] = process.argv.slice(2);
const client = new AssemblyAI({ apiKey: "node", baseUrl: url });
const realtimeUrl = `${secure.replace("https", "wss")}/v2/realtime/ws`;
const audio = await readFile(file);
const results = {};

const session = async (name, options, use) => {
  const told = { partials: [], finals: [], words: [], information: [], errors: [], closes: [] };
  results[name] = told;
  const transcriber = client.realtime.transcriber({ sampleRate: 16000, realtimeUrl, ...options });
  transcriber.on("open", ({ sessionId, expiresAt }) => Object.assign(told, { id: sessionId, ends: expiresAt > new Date() }));
  transcriber.on("transcript.partial", ({ text }) => told.partials.push(text));
  transcriber.on("transcript.final", ({ text, words, created }) => {
    told.finals.push(text);
    told.words.push(...words.map((word) => [word.text, word.start, word.end]));
    told.dated = created instanceof Date && !Number.isNaN(created.valueOf());
  });
  transcriber.on("session_information", (information) => told.information.push(information.audio_duration_seconds));
  transcriber.on("error", (error) => told.errors.push(error.message));
  const closed = new Promise((resolve) => transcriber.on("close", (code, reason) => resolve(told.closes.push([code, reason]))));
  try {
    await transcriber.connect();
    await use(transcriber, closed);
  } catch (error) {
    told.refusal = error.message;
  }
};
const send = (transcriber, samples) => {
  for (let at = 0; at < samples.length; at += 9600) transcriber.sendAudio(samples.subarray(at, at + 9600));
};
const whole = async (transcriber) => {
  send(transcriber, audio);
  await transcriber.close();
};

await session("streamed", {}, whole);
await session("by_token", { apiKey: undefined, token: await client.realtime.createTemporaryToken({ expires_in: 60 }) }, whole);
await session("finals_only", { disablePartialTranscripts: true }, whole);
await session("boosted", { wordBoost: ["WELCOME"], endUtteranceSilenceThreshold: 500 }, whole);
await session("forced", { endUtteranceSilenceThreshold: 20000 }, async (transcriber) => {
  send(transcriber, audio.subarray(0, 96000));
  transcriber.forceEndUtterance();
  transcriber.configureEndUtteranceSilenceThreshold(300);
  send(transcriber, audio.subarray(96000));
  await transcriber.close();
});
await session("bad_rate", { sampleRate: 0 }, whole);
await session("bad_key", { apiKey: "invalid" }, whole);
await session("too_long", {}, async (transcriber, closed) => {
  transcriber.sendAudio(new Uint8Array(96000));
  await closed;
});
console.log(JSON.stringify(results));
