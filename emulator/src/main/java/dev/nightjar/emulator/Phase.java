package dev.nightjar.emulator;

/** Where in a call a {@link CallListener} is told of it. */
public enum Phase {
  /** The request is here; nothing has been done for it, and its body may not have been read. */
  BEFORE_EFFECT,
  /** What the call asks for has been done, or refused; the answer has not been sent. */
  AFTER_EFFECT
}
