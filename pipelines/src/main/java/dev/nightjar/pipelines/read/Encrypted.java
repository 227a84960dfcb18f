package dev.nightjar.pipelines.read;

import java.io.IOException;

/** A file can be read with a password only. */
final class Encrypted extends IOException {
  static final String TOLD = "it is encrypted, and wants a password";

  private static final long serialVersionUID = 1L;

  Encrypted() {
    super(TOLD);
  }
}
