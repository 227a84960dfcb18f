package dev.nightjar.emulator;

/**
 * What the emulator refuses, or does unasked, because a provider does: each rule with where it is
 * known from, and how well. {@code docs/providers.md} shows this table; {@code RulesTest} has cases
 * for each row, and switches each off to see them fail.
 */
enum Rule {
  // ---- OpenAI: strict schemas ----
  OPENAI_KEYWORDS(
      "OpenAI strict: no `allOf`, `oneOf`, `not`, `if`, `patternProperties`, `uniqueItems`, … (23 keywords)",
      "openai-node 7.59.0, `lib/transform.js`",
      Grade.OFFICIAL),
  OPENAI_ROOT(
      "OpenAI strict: the root is an object, and no `anyOf`",
      "openai-node 7.59.0, `lib/transform.js`",
      Grade.OFFICIAL),
  OPENAI_ITEMS(
      "OpenAI strict: arrays have `items`",
      "openai-node 7.59.0, `lib/transform.js`",
      Grade.OFFICIAL),
  OPENAI_TYPE(
      "OpenAI strict: every property has a `type`, one with an `enum` too (`invalid_json_schema`)",
      "openclaw/clawpatch#60",
      Grade.ONE_REPORT),
  OPENAI_REF_ALONE(
      "OpenAI strict: nothing stands beside `$ref`",
      "camel-ai/camel#3001, dotnet/extensions#6918",
      Grade.REPORTS),
  OPENAI_REF_TARGET(
      "OpenAI strict: a `$ref` leads to a definition at the top, or to the root",
      "openai-node 7.59.0, `lib/transform.js`; camel-ai/camel#3001",
      Grade.OFFICIAL),
  OPENAI_PATTERN(
      "OpenAI strict: no pattern that looks around",
      "vercel/ai#21037, pydantic-ai#5519",
      Grade.REPORTS),
  OPENAI_FORMATS(
      "OpenAI strict: `format` of a short list", "can1357/oh-my-pi#206", Grade.ONE_REPORT),
  OPENAI_SIZE(
      "OpenAI strict: 5,000 properties, 10 levels, 1,000 enum values",
      "structured outputs guide",
      Grade.OFFICIAL),
  OPENAI_CLOSED(
      "OpenAI strict: `additionalProperties: false` on every object",
      "structured outputs guide",
      Grade.OFFICIAL),
  OPENAI_REQUIRED(
      "OpenAI strict: every property is `required`", "structured outputs guide", Grade.OFFICIAL),

  // ---- OpenAI: parameters ----
  CHAT_PARAMETERS(
      "OpenAI, Azure, Groq, Mistral: chat completions refuse a parameter that they do not know",
      "types of openai 7.59.0, groq-sdk 1.6.0 and mistralai 2.7.0",
      Grade.OFFICIAL),
  RESPONSES_PARAMETERS(
      "OpenAI: responses refuse a parameter that they do not know",
      "types of openai 7.59.0",
      Grade.OFFICIAL),
  OPENAI_MAX_TOKENS(
      "OpenAI: from gpt-5 on chat completions refuse `max_tokens`",
      "API reference; the words as reported",
      Grade.OFFICIAL),
  OPENAI_OUTPUT_MIN(
      "OpenAI: `max_output_tokens` of a response is at least 16",
      "the refusal, quoted by several clients",
      Grade.REPORTS),
  OPENAI_CONTEXT(
      "OpenAI: a prompt of more than 922,000 tokens is refused (`context_length_exceeded`)",
      "model pages of GPT-6",
      Grade.OFFICIAL),
  OPENAI_NO_EFFORT(
      "OpenAI: models before gpt-5 that do not reason refuse `reasoning_effort` and `reasoning.effort`",
      "langchain_dart#712, baml#2708, pydantic-ai's recorded probes",
      Grade.PROBES),
  OPENAI_EFFORTS(
      "OpenAI: each model takes the efforts of its family",
      "forum matrix 1371738, pydantic-ai's and gai's probes",
      Grade.PROBES),
  OPENAI_CHAT_MAX(
      "OpenAI: responses also take the effort `max`, chat completions never",
      "litellm-docs#1173; in chat of 6-luna, 6.1 and 6.2 by analogy",
      Grade.ONE_REPORT),
  OPENAI_EFFORT_PLACE(
      "OpenAI: responses refuse `reasoning_effort`, which has moved to `reasoning.effort`",
      "the refusal, quoted by several clients",
      Grade.REPORTS),
  OPENAI_UNASKED(
      "OpenAI: unasked, models reason at `medium`; 5.1, 5.2 and 5.4 not at all",
      "model pages of gpt-6-luna and gpt-5.6-sol; API reference for 5 and 5.1; others probes",
      Grade.OFFICIAL),
  OPENAI_CACHE_WRITES(
      "OpenAI: from 5.6 on prompts of 1,024 tokens are written to the cache unless"
          + " `prompt_cache_options.mode` is `explicit`",
      "openai/codex#35300, dotnet/extensions#7635; of batches not measured",
      Grade.REPORTS),
  OPENAI_CACHE_OPTIONS(
      "OpenAI: older models refuse `prompt_cache_options` and breakpoints",
      "six probes of the refusal",
      Grade.PROBES),
  OPENAI_CACHE_VALUES(
      "OpenAI: a cache is `implicit` or `explicit`, and kept 30 minutes, of responses also 12 hours",
      "types of openai 7.59.0",
      Grade.OFFICIAL),
  OPENAI_BREAKPOINTS(
      "OpenAI: at most 4 breakpoints, which are `explicit`",
      "types of openai 7.59.0; their number: pydantic/pydantic-ai#6423",
      Grade.REPORTS),
  OPENAI_FLEX(
      "OpenAI: `service_tier` flex is refused by models before gpt-5 but o3 and o4-mini, by pro models, and from 6.2 on",
      "flex page of November 2026; gpt-4o: inspect_ai's test; pro models by analogy",
      Grade.OFFICIAL),
  OPENAI_WINDOWS(
      "OpenAI: background windows 2h and 8h need `background`, Standard processing, and a model that has them",
      "types of openai 7.59.0; which models is not published: GPT-6 by analogy",
      Grade.OFFICIAL),
  OPENAI_MESSAGES("OpenAI: a request has `messages`, or `input`", "API reference", Grade.OFFICIAL),

  // ---- those that speak OpenAI's language ----
  GROQ_EFFORTS(
      "Groq: gpt-oss takes low to high, qwen3 none or default, others no `reasoning_effort`",
      "groq-sdk 1.6.0 and its reasoning page, as copied",
      Grade.OFFICIAL),
  GROQ_SCHEMAS(
      "Groq: only gpt-oss takes a schema", "structured outputs page, as copied", Grade.OFFICIAL),
  DASHSCOPE_SCHEMAS(
      "DashScope: no schema in a batch's chat completions",
      "pages as copied, which differ",
      Grade.REPORTS),
  DASHSCOPE_THINKING(
      "DashScope: no JSON mode while it thinks, which it does unasked",
      "page as copied; qwen-code#11874 measured",
      Grade.OFFICIAL),
  DASHSCOPE_WORD(
      "DashScope: JSON mode needs the word JSON in the prompt", "page as copied", Grade.OFFICIAL),
  MISTRAL_JOBS(
      "Mistral: a job names a model, and at most 168 hours",
      "types of mistralai 2.7.0; batch page, as copied",
      Grade.OFFICIAL),
  AZURE_FILTER(
      "Azure: a prompt that its filter stops is answered 400 `content_filter`, and not billed",
      "Microsoft's docs repository, 2026-08",
      Grade.OFFICIAL),

  // ---- Anthropic ----
  ANTHROPIC_CLOSED(
      "Anthropic: `additionalProperties: false` on every object",
      "veryfront#3918, ax#458",
      Grade.REPORTS),
  ANTHROPIC_KEYWORDS(
      "Anthropic: no limits on numbers, strings and lists, no `oneOf`, … (18 keywords)",
      "anthropic-sdk 1.14.0, `lib/transform-json-schema.js`",
      Grade.OFFICIAL),
  ANTHROPIC_MIN_ITEMS(
      "Anthropic: `minItems` 0 or 1",
      "anthropic-sdk 1.14.0, `lib/transform-json-schema.js`",
      Grade.OFFICIAL),
  ANTHROPIC_OPTIONAL(
      "Anthropic: at most 24 optional parameters in a schema",
      "bodies recorded on Sonnet 5.5, 2026-10-03",
      Grade.REPORTS),
  ANTHROPIC_UNIONS(
      "Anthropic: at most 16 parameters of union types in a schema",
      "bodies recorded on Sonnet 5.5, 2026-10-03",
      Grade.REPORTS),
  ANTHROPIC_TOOL_ROOT(
      "Anthropic: a tool's schema is an object, without `oneOf`, `allOf`, `anyOf` at its root",
      "anthropics/claude-code#40075",
      Grade.ONE_REPORT),
  MESSAGES_PARAMETERS(
      "Anthropic: messages refuse a parameter that they do not know",
      "types of anthropic-sdk 1.14.0",
      Grade.OFFICIAL),
  ANTHROPIC_SAMPLING(
      "Anthropic: version 2026-10-21 refuses `temperature`, `top_p` and `top_k`",
      "platform.claude.com, versioning",
      Grade.OFFICIAL),
  ANTHROPIC_MAX_TOKENS(
      "Anthropic: `max_tokens` is required, and at least 1", "API reference", Grade.OFFICIAL),
  ANTHROPIC_CONTEXT(
      "Anthropic: a prompt and its `max_tokens` of more than 1,000,000 tokens are refused",
      "model pages of Claude 5",
      Grade.OFFICIAL),
  ANTHROPIC_EFFORT_NAMES(
      "Anthropic: an effort is low to max, and of old models none",
      "effort page; 4.x and Fable probes",
      Grade.OFFICIAL),
  ANTHROPIC_EFFORTS(
      "Anthropic: 4.6 takes no `xhigh`, Opus 4.5 neither that nor `max`",
      "effort page; 4.x probes",
      Grade.OFFICIAL),
  ANTHROPIC_THINKING(
      "Anthropic: how thinking is turned on and off, by model (`disabled`, on Sonnet 5.5"
          + " `between_tools`, on Opus 5.5 and Fable not at all)",
      "effort page, model pages, Sonnet 5.5's migration guide",
      Grade.OFFICIAL),
  ANTHROPIC_UNASKED(
      "Anthropic: unasked, Claude 5 thinks, Opus 5.5 and Haiku 5.5 at `medium`, others at `high`",
      "model pages",
      Grade.OFFICIAL),
  ANTHROPIC_FORCED_TOOL(
      "Anthropic: no forced `tool_choice` on Sonnet 5.5, Opus 5.5, Fable 5.1, and with thinking on none",
      "what's new in Opus 5.5; oh-my-pi#12939; Fable 5.2 by analogy",
      Grade.OFFICIAL),
  ANTHROPIC_MARKS(
      "Anthropic: at most 4 marks, `ephemeral`, of 5 minutes or an hour, the longer first, not on empty text",
      "prompt caching page",
      Grade.OFFICIAL),

  // ---- Gemini ----
  GEMINI_ITEMS(
      "Gemini: all `maxItems` together at most about 960, else a bare 400",
      "googleapis/python-genai#2170, vercel/ai#21192",
      Grade.REPORTS),
  CONTENT_PARAMETERS(
      "Gemini: a field that is not known is refused, in `generationConfig` and `thinkingConfig` too",
      "types of genai 3.3.0",
      Grade.OFFICIAL),
  GEMINI_MIME(
      "Gemini: a schema needs `responseMimeType` application/json",
      "API reference",
      Grade.OFFICIAL),
  GEMINI_CONTEXT(
      "Gemini: a prompt of more than 1,048,576 tokens is refused", "model pages", Grade.OFFICIAL),
  GEMINI_OUTPUT_MIN("Gemini: `maxOutputTokens` is positive", "API reference", Grade.OFFICIAL),
  GEMINI_CONTENTS("Gemini: a request has `contents`", "API reference", Grade.OFFICIAL),
  GEMINI_LEVELS(
      "Gemini: which models take which `thinkingLevel`",
      "thinking guide, latest-model page; Gemini 4 neon and carbon third parties",
      Grade.OFFICIAL),
  GEMINI_BUDGETS(
      "Gemini: which models take which `thinkingBudget`, and never both",
      "thinking guide, latest-model page",
      Grade.OFFICIAL),
  GEMINI_FLEX(
      "Gemini: not all models have flex (here those of 3 and 4)",
      "theopenco/llmgateway#3651, the words; which models by analogy",
      Grade.ONE_REPORT),
  GEMINI_UNASKED(
      "Gemini: unasked, models think, at `minimal` to `high`",
      "thinking guide, latest-model page",
      Grade.OFFICIAL),

  // ---- all ----
  REASONING_COUNTS(
      "all: reasoning counts towards the output limit",
      "the same pages; of Gemini measured on 2.5 Pro, 3 and 3.7 Flash, 3.8 by analogy",
      Grade.OFFICIAL),
  ANTHROPIC_REFUSAL_FREE(
      "Anthropic: a refusal before any output is not billed, but for bio, frontier models and reasoning extraction",
      "refusals-and-fallback page, as quoted; may change",
      Grade.OFFICIAL),

  // ---- batches ----
  OPENAI_LINES(
      "OpenAI: one bad line fails the whole batch (not JSON, custom id twice, another URL or model, no messages, or none at all)",
      "stdapi-ai/stdapi.ai#240; the missing parameter from a real batch",
      Grade.ONE_REPORT),
  OPENAI_WINDOW(
      "OpenAI and Azure: the window is 24h; Groq: 24h to 7d",
      "types of openai 7.59.0, groq-sdk 1.6.0",
      Grade.OFFICIAL),
  OPENAI_ENDPOINT(
      "OpenAI and others: the batch's endpoint is one that it has, as it calls it",
      "types of openai 7.59.0; Microsoft's docs repository",
      Grade.OFFICIAL),
  OPENAI_METADATA("OpenAI: at most 16 pairs of metadata", "types of openai 7.59.0", Grade.OFFICIAL),
  ANTHROPIC_CUSTOM_IDS(
      "Anthropic: a custom id is of 1 to 64 letters, digits, `_` and `-`, and once in a batch",
      "platform.claude.com, message batches",
      Grade.OFFICIAL),
  ANTHROPIC_NOT_IN_BATCHES(
      "Anthropic: no `stream`, `speed` and `store` in a batch",
      "batch page, as quoted",
      Grade.REPORTS);

  /** How well a rule is known. */
  enum Grade {
    /** A provider's document or client. */
    OFFICIAL("official"),
    /** Requests that several clients' authors report with the answer. */
    PROBES("probes"),
    /** Several reports. */
    REPORTS("several reports"),
    ONE_REPORT("one report");

    private final String words;

    Grade(String words) {
      this.words = words;
    }
  }

  private final String text;
  private final String source;
  private final Grade grade;

  Rule(String text, String source, Grade grade) {
    this.text = text;
    this.source = source;
    this.grade = grade;
  }

  /** Its row in {@code docs/providers.md}. */
  String row() {
    return "| " + text + " | " + source + " | " + grade.words + " |";
  }
}
