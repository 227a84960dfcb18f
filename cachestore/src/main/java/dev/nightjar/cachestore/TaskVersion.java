package dev.nightjar.cachestore;

/**
 * What the store keeps of a task.
 *
 * @param fingerprint SHA-256 over all that changes its answers, hexadecimal
 * @param name the task's name
 * @param definitionJson the whole definition
 * @param baselineProvider provider of the dearest tier
 * @param baselineModel model of the dearest tier
 */
public record TaskVersion(
    String fingerprint,
    String name,
    String definitionJson,
    String baselineProvider,
    String baselineModel) {}
