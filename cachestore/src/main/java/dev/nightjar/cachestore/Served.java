package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * Who answered, in the provider's own words.
 *
 * @param model by its name, often with a version; empty if the answer names none
 * @param serviceTier the class of service, as {@code batch}, {@code default} or {@code flex}; empty
 *     if the answer says nothing of it
 */
public record Served(String model, String serviceTier) implements Serializable {
  /** Nothing was said: it is taken to be what was asked for. */
  public static final Served UNSAID = new Served("", "");
}
