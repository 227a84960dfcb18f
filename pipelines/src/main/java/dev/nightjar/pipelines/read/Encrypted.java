package dev.nightjar.pipelines.read;

import java.io.IOException;

/** A file can be read with a password only. */
final class Encrypted extends IOException {
  private static final long serialVersionUID = 1L;

  Encrypted() {
    super("it is encrypted, and wants a password");
  }
}
