package dev.nightjar.runners;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** Asks a person, where there is one. Used by one thread. */
final class Questions {
  private final @Nullable BufferedReader in;
  private final @Nullable PrintWriter out;

  private Questions(@Nullable BufferedReader in, @Nullable PrintWriter out) {
    this.in = in;
    this.out = out;
  }

  /** Nobody is there: every answer is what is proposed. */
  static Questions unasked() {
    return new Questions(null, null);
  }

  static Questions on(BufferedReader in, PrintWriter out) {
    return new Questions(in, out);
  }

  /**
   * A person's answer.
   *
   * @param proposed the answer of who just presses return; empty to propose none
   */
  String ask(String question, String proposed) {
    if (in == null || out == null) {
      return proposed;
    }
    out.print(question + (proposed.isEmpty() ? " " : " [" + proposed + "] "));
    out.flush();
    try {
      String answer = in.readLine();
      return answer == null || answer.isBlank() ? proposed : answer.strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
