/**
 * A server that speaks the providers' batch APIs on the wire, for tests and for the demo.
 *
 * <p><b>Enters:</b> HTTP requests as the official SDKs send them: OpenAI's files, batches, chat
 * completions and responses; Anthropic's messages and message batches, in both wire versions;
 * Gemini's files, batches and generateContent, under both versions; under {@code /vllm} a server of
 * one's own, and {@link dev.nightjar.emulator.RunBatch} for its offline tool. <b>Leaves:</b> what
 * the provider would answer, with its state machines, asynchronous validation, shuffled results,
 * limits and usage, and with the {@link dev.nightjar.emulator.Fault faults} that its users have
 * met. <b>Guaranteed:</b> nothing of the product is used here, so that the {@link
 * dev.nightjar.emulator.Invoice} is a second opinion: its own price file, its own arithmetic. State
 * is on disk; a server that was killed goes on where it stood, with its invoice intact.
 *
 * <p>Where time matters it comes from a clock that the caller gives, divided by {@code speed}.
 */
@NullMarked
package dev.nightjar.emulator;

import org.jspecify.annotations.NullMarked;
