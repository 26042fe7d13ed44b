// What the LLM Gateway answers to the Node clients of AssemblyAI and OpenAI, as JSON by name. Usage: node gateway.mjs URL
import { AssemblyAI } from "assemblyai";
import OpenAI from "openai";

const [url] = process.argv.slice(2);
const of = (apiKey) => new AssemblyAI({ apiKey, baseUrl: url, llmGatewayBaseUrl: url });
const openaiOf = (apiKey, options) => new OpenAI({ apiKey, baseURL: `${url}/v1`, ...options });
const { transcripts, llmGateway: gateway } = of("node-gateway");
const strange = of("invalid-key").llmGateway;
const limited = of("node-limited").llmGateway;
const openai = openaiOf("node-openai");
const once = openaiOf("node-openai", { maxRetries: 0 });

const gpt = "gpt-5";
const claude = "claude-haiku-4-5-20251001";
const sum = "What is six times seven?";
const warm = "How warm is it in Utrecht and in Málaga?";
const nobody = "00000000-0000-4000-8000-000000000000";
const order = { audio: "https://example.com/said/order.mp3", speaker_labels: true };
const asked = (content) => [{ role: "user", content }];
const to = (content, more) => ({ model: gpt, messages: asked(content), ...more });
const schema = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer", minimum: -60, maximum: 60 } },
  required: ["city", "degrees"],
  additionalProperties: false,
};
const response_format = { type: "json_schema", json_schema: { name: "weather", schema, strict: true } };
const tools = [
  {
    type: "function",
    function: { name: "temperature", description: "Measure how warm it is in a city", parameters: schema },
  },
];
const forced = { type: "function", function: { name: "temperature" } };
const features = {
  translation: { target_languages: ["de"] },
  speaker_identification: { speaker_type: "role", known_values: ["Buyer", "Seller"] },
  custom_formatting: { date: "yyyy-mm-dd" },
  summarization: { summary_type: "paragraph" },
  action_items: {},
};
const understanding = (transcript_id, request) => ({ transcript_id, speech_understanding: { request } });

const results = {};
const record = async (name, call) => {
  try {
    results[name] = { value: (await call()) ?? null };
  } catch (error) {
    const { name: kind, message, status, requestId, errors, error: body } = error;
    results[name] = { error: message, kind, class: error.constructor.name, status, requestId, errors, body };
  }
  return results[name].value;
};

await record("aai_models", () => gateway.listModels());
await record("aai_models_of_a_stranger", () => strange.listModels());
await record("aai_whole", () => gateway.chatCompletions(to(sum)));
await record("aai_claude", () => gateway.chatCompletions(to(sum, { model: claude })));
await record("aai_prompt", () => gateway.chatCompletions({ model: gpt, prompt: sum }));
await record("aai_cut", () => gateway.chatCompletions(to(sum, { max_tokens: 3 })));
await record("aai_tools", () => gateway.chatCompletions(to(warm, { tools, tool_choice: "auto" })));
await record("aai_forced", () => gateway.chatCompletions(to("Good evening.", { tools, tool_choice: forced })));
await record("aai_typed", () => gateway.chatCompletions(to("How warm was it?", { response_format })));
await record("aai_fallback", () => gateway.chatCompletions(to("Is anybody there?", { fallbacks: [{ model: claude }] })));
const heard = await record("aai_transcript", () => transcripts.transcribe(order, { pollingInterval: 10 }));
const greeting = await transcripts.transcribe({ audio: "https://example.com/said/greeting.mp3" }, { pollingInterval: 10 });
const again = { ...to("Say it again: {{ transcript }} {{ transcript }}"), transcript_id: greeting.id };
await record("aai_about_a_transcript", () => gateway.chatCompletions(again));
await record("aai_understanding", () => gateway.understanding(understanding(heard.id, features)));
await record("aai_transcript_after", () => transcripts.get(heard.id));
await record("aai_valid", () => gateway.validateUnderstanding(understanding(heard.id, features)));

await record("aai_bad_key", () => strange.chatCompletions(to(sum)));
await record("aai_bad_model", () => gateway.chatCompletions(to(sum, { model: "gpt" })));
await record("aai_no_transcript", () => gateway.chatCompletions({ ...again, transcript_id: nobody }));
await record("aai_no_understanding", () => gateway.understanding(understanding(nobody, features)));
await record("aai_invalid", () => gateway.validateUnderstanding(understanding(heard.id, { summarization: {} })));
await record("aai_within_the_limit", () => limited.chatCompletions(to(sum)));
await record("aai_too_many", () => limited.chatCompletions(to(sum)));

const completions = openai.chat.completions;
const collected = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};
await record("openai_models", async () => (await collected(openai.models.list())).map((model) => model.id));
await record("openai_whole", () => completions.create(to(sum)));
await record("openai_claude", () => completions.create(to(sum, { model: claude })));
await record("openai_cut", () => completions.create(to(sum, { max_tokens: 3 })));
await record("openai_stream", async () => collected(await completions.create(to(sum, { stream: true }))));
await record("openai_stream_with_usage", async () =>
  collected(await completions.create(to(sum, { stream: true, stream_options: { include_usage: true } }))),
);
await record("openai_helper", async () => {
  const deltas = [];
  const stream = completions.stream(to(sum)).on("content", (delta) => deltas.push(delta));
  return { final: await stream.finalContent(), deltas };
});
await record("openai_helper_tools", async () => (await completions.stream(to(warm, { tools })).finalMessage()).tool_calls);
await record("openai_tools", () => completions.create(to(warm, { tools })));
await record("openai_forced", () => completions.create(to("Good evening.", { tools, tool_choice: forced })));
await record("openai_none", () => completions.create(to("Measure the temperature", { tools, tool_choice: "none" })));
await record("openai_tool_run", async () => {
  const called = [];
  const measure = (given) => called.push(given) && "18 degrees";
  const { name, description, parameters } = tools[0].function;
  const runnable = { name, description, parameters, parse: JSON.parse, function: measure };
  const run = completions.runTools(to(warm, { tools: [{ type: "function", function: runnable }] }));
  return { final: await run.finalContent(), called };
});
await record("openai_typed", () => completions.create(to("How warm was it?", { response_format })));
await record("openai_parsed", async () =>
  (await completions.parse(to("Who bought the lamps?", { response_format }))).choices[0].message.parsed,
);
await record("openai_retried", () => completions.create(to("Once more after a limit")));
await record("openai_headers", async () => {
  const { data, response } = await openaiOf("node-headers").chat.completions.create(to(sum)).withResponse();
  return { content: data.choices[0].message.content, headers: Object.fromEntries(response.headers) };
});

await record("openai_bad_key", () => openaiOf("invalid-key").chat.completions.create(to(sum)));
await record("openai_bad_model", () => completions.create(to(sum, { model: "gpt" })));
await record("openai_no_transcript", () => completions.create({ ...again, transcript_id: nobody }));
await record("openai_too_many", () => once.chat.completions.create(to("One too many")));
await record("openai_failure", () => once.chat.completions.create(to("Is anybody there?")));
await record("openai_broken_stream", async () => {
  for await (const { choices } of await once.chat.completions.create(to("Count to five", { stream: true })))
    (results.openai_before_the_break ??= { value: [] }).value.push(choices[0].delta.content ?? "");
});

console.log(JSON.stringify(results));
