// Drives the emulator with the providers' official Node clients. Prints "ok NAME" for each check; exits
// with 1 on the first that fails. Argument: the emulator's address.
import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI, { toFile } from 'openai';

globalThis.File ??= File; // Debian 12's Node 18 has it, but not as a global

const base = process.argv[2];
const deadline = Date.now() + 60_000;

async function until(check) {
  for (;;) {
    const value = await check();
    if (value) return value;
    assert.ok(Date.now() < deadline, 'no end within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function openai() {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any', maxRetries: 0 });
  const lines = ['one', 'two', 'three'].map((name) =>
    JSON.stringify({
      custom_id: name,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'gpt-6-luna', messages: [{ role: 'user', content: `Say ${name}.` }] },
    }),
  );
  const file = await client.files.create({
    file: await toFile(Buffer.from(`${lines.join('\n')}\n`), 'requests.jsonl'),
    purpose: 'batch',
  });
  assert.equal(file.filename, 'requests.jsonl');
  assert.equal((await client.files.retrieve(file.id)).purpose, 'batch');
  const created = await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { owner: 'node' },
  });
  assert.equal(created.status, 'validating');
  const done = await until(async () => {
    const batch = await client.batches.retrieve(created.id);
    return batch.status === 'completed' && batch;
  });
  assert.deepEqual(done.request_counts, { total: 3, completed: 3, failed: 0 });
  assert.equal(done.metadata.owner, 'node');
  const results = (await (await client.files.content(done.output_file_id)).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(results.map((r) => r.custom_id).sort(), ['one', 'three', 'two']);
  assert.ok(results.every((r) => r.response.status_code === 200 && r.response.body.usage.prompt_tokens > 0));
  const listed = [];
  for await (const batch of client.batches.list({ limit: 1 })) listed.push(batch.id);
  assert.ok(listed.includes(created.id));
  const chat = await client.chat.completions.create({
    model: 'gpt-6-luna',
    messages: [{ role: 'user', content: 'Hello.' }],
  });
  assert.equal(chat.choices[0].message.role, 'assistant');
  await assert.rejects(() => client.batches.retrieve('batch_none'), { status: 404 });
  await client.files.delete(file.id);
  console.log('ok openai');
}

async function anthropic() {
  const client = new Anthropic({ baseURL: base, apiKey: 'any', maxRetries: 0 });
  const created = await client.messages.batches.create({
    requests: ['one', 'two'].map((name) => ({
      custom_id: name,
      params: {
        model: 'claude-haiku-5-5',
        max_tokens: 100,
        messages: [{ role: 'user', content: `Say ${name}.` }],
      },
    })),
  });
  assert.equal(created.processing_status, 'in_progress');
  assert.equal(created.request_counts.processing, 2);
  const done = await until(async () => {
    const batch = await client.messages.batches.retrieve(created.id);
    return batch.processing_status === 'ended' && batch;
  });
  assert.equal(done.request_counts.succeeded, 2);
  const results = [];
  for await (const result of await client.messages.batches.results(created.id)) results.push(result);
  assert.deepEqual(results.map((r) => r.custom_id).sort(), ['one', 'two']);
  assert.ok(results.every((r) => r.result.type === 'succeeded' && r.result.message.usage.input_tokens > 0));
  const message = await client.messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 2000,
    messages: [{ role: 'user', content: 'Hello.' }],
  });
  assert.equal(message.role, 'assistant');
  const count = await client.messages.countTokens({
    model: 'claude-haiku-5-5',
    messages: [{ role: 'user', content: 'Hello.' }],
  });
  assert.ok(count.input_tokens > 0);
  await assert.rejects(() => client.messages.batches.retrieve('msgbatch_none'), { status: 404 });
  await client.messages.batches.delete(created.id);
  console.log('ok anthropic');
}

async function responses() {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any', maxRetries: 0 });
  const lines = ['one', 'two'].map((name) =>
    JSON.stringify({
      custom_id: name,
      method: 'POST',
      url: '/v1/responses',
      body: { model: 'gpt-6-luna', instructions: 'Be brief.', input: `Say ${name}.` },
    }),
  );
  const file = await client.files.create({
    file: await toFile(Buffer.from(`${lines.join('\n')}\n`), 'responses.jsonl'),
    purpose: 'batch',
  });
  const created = await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/responses',
    completion_window: '24h',
  });
  const done = await until(async () => {
    const batch = await client.batches.retrieve(created.id);
    return batch.status === 'completed' && batch;
  });
  const results = (await (await client.files.content(done.output_file_id)).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(results.map((r) => r.custom_id).sort(), ['one', 'two']);
  assert.ok(results.every((r) => r.response.body.output.at(-1).content[0].type === 'output_text'));
  const response = await client.responses.create({
    model: 'gpt-6-luna',
    input: [{ role: 'user', content: 'Tell me a story that is a good deal longer than this.' }],
    reasoning: { effort: 'none' },
    max_output_tokens: 16,
  });
  assert.ok(response.output_text.length > 0);
  assert.ok(response.usage.input_tokens > 0);
  const files = [];
  for await (const listed of client.files.list({ purpose: 'batch', limit: 1 })) files.push(listed.id);
  assert.ok(files.includes(file.id));
  console.log('ok responses');
}

async function gemini() {
  const client = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: base } });
  const model = 'gemini-3.8-flash';
  const lines = ['one', 'two'].map((name) =>
    JSON.stringify({ key: name, request: { contents: [{ parts: [{ text: `Say ${name}.` }] }] } }),
  );
  lines.push(JSON.stringify({ key: 'bad', request: { contents: [] } }));
  const file = await client.files.upload({
    file: new Blob([`${lines.join('\n')}\n`]),
    config: { displayName: 'requests', mimeType: 'application/jsonl' },
  });
  assert.equal(file.state, 'ACTIVE');
  const created = await client.batches.create({
    model,
    src: file.name,
    config: { displayName: 'node' },
  });
  assert.equal(created.state, 'JOB_STATE_PENDING');
  const done = await until(async () => {
    const job = await client.batches.get({ name: created.name });
    return job.state === 'JOB_STATE_SUCCEEDED' && job;
  });
  assert.equal(done.displayName, 'node');
  const target = join(await mkdtemp(join(tmpdir(), 'gemini-')), 'results.jsonl');
  await client.files.download({ file: done.dest.fileName, downloadPath: target });
  const results = await until(async () => {
    const text = await readFile(target, 'utf8').catch(() => '');
    return text.endsWith('\n') && text.trim().split('\n').map((line) => JSON.parse(line));
  });
  assert.deepEqual(results.map((r) => r.key).sort(), ['bad', 'one', 'two']);
  assert.equal(results.find((r) => r.key === 'bad').error.status, 'INVALID_ARGUMENT');

  const inline = await client.batches.create({
    model,
    src: ['three', 'four'].map((name) => ({
      contents: [{ role: 'user', parts: [{ text: `Say ${name}.` }] }],
      metadata: { key: name },
    })),
  });
  const ended = await until(async () => {
    const job = await client.batches.get({ name: inline.name });
    return job.state === 'JOB_STATE_SUCCEEDED' && job;
  });
  assert.deepEqual(ended.dest.inlinedResponses.map((r) => r.metadata.key), ['three', 'four']);
  assert.ok(ended.dest.inlinedResponses.every((r) => r.response.usageMetadata.promptTokenCount > 0));

  const listed = [];
  for await (const job of await client.batches.list({ config: { pageSize: 1 } })) listed.push(job.name);
  assert.ok(listed.includes(created.name) && listed.includes(inline.name));
  const cancelled = await client.batches.create({ model, src: file.name });
  await client.batches.cancel({ name: cancelled.name });
  assert.equal((await client.batches.get({ name: cancelled.name })).state, 'JOB_STATE_CANCELLED');
  await client.batches.delete({ name: cancelled.name });
  await assert.rejects(() => client.batches.get({ name: cancelled.name }), { status: 404 });
  const answer = await client.models.generateContent({ model, contents: 'Hello.' });
  assert.ok(answer.text.length > 0);
  await client.files.delete({ name: file.name });
  console.log('ok gemini');
}

await openai();
await responses();
await anthropic();
await gemini();
